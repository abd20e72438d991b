"""``@asked``: the methods of a service class that answer RPC, from one queue, by a few workers.

    rpc-<service> --> line --> worker: request, actor, arguments --> method --> reply, ack
                                 nobody to answer --> rpc.dead
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from typing import Any, overload

from marshmallow import RAISE, Schema, ValidationError
from nameko.extensions import Entrypoint, SharedExtension

from shared.caller import asked_from
from shared.errors import CrossesTheDoor, Refused, Unavailable
from shared.messaging import rpc
from shared.messaging.entrypoints.hosting import GOODBYE, Method, own_thread, premises_of, wait_for_opening
from shared.messaging.entrypoints.request import (
    Malformed,
    NoSuchMethod,
    Request,
    WrongArguments,
    arguments_of,
    first_fault,
    reply,
    request_of,
)
from shared.messaging.line import Line
from shared.messaging.message import Message
from shared.messaging.topology import RPC_DEAD
from shared.messaging.wire import PipelinedPublisher, delivery_of
from shared.telemetry import log, metrics
from shared.trace import within

#: Requests that one worker answers before it makes room for another.
CALLS_A_WORKER = 16
#: Workers a service class runs at once for RPC: one slow call holds up only its own.
RPC_WORKERS = 10
#: Requests fetched ahead: enough to keep the workers busy, few enough that replicas share.
RPC_PREFETCH = 4 * RPC_WORKERS


@overload
def asked(schema: type[Schema], /) -> Callable[[Method], Method]: ...
@overload
def asked(method: Method, /) -> Method: ...
def asked(what: Any, /) -> Any:
    """Make a method answer RPC. It gets the verified ``Actor`` first; ``schema`` loads the rest, unknown fields refused.

    A fault in a field is ``Refused("input_invalid", field=..., why=...)``. Without a schema the signature decides.
    """
    return Asked.decorator(what)


class RpcIntake(SharedExtension):  # type: ignore[misc]
    """The RPC queue of one service class, answered by a few workers that each take what waits."""

    def __init__(self) -> None:
        #: nameko must call something; the calls themselves are made on the worker's service instance.
        self.method_name = "__hash__"
        self.expected_exceptions = ()
        self.sensitive_arguments = ()
        self.methods: dict[str, Asked] = {}
        self.stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._working = 0
        self._pump_ended = threading.Event()
        self._started = False

    def setup(self) -> None:
        """Find the premises; nothing is opened yet."""
        self._premises = premises_of(self)
        self._service = str(self.container.service_name)
        url = self._premises.town.settings.amqp_url
        self._line = Line(url, f"asked {self._service}", prepare=self._declare, prefetch=RPC_PREFETCH)
        self._dead = PipelinedPublisher(url, f"unanswerable {self._service}")
        self._dead_lock = threading.Lock()
        self._replies = rpc.ReplyDesk(url, f"replies of {self._service}")
        self._premises.conditions[f"asked {self._service}"] = lambda: self._line.consuming

    def start(self) -> None:
        """Consume, once the process may. nameko starts a shared extension once."""
        self._started = True
        own_thread(self._line.run, self, f"line rpc-{self._service}")
        own_thread(self._pump, self, f"pump rpc-{self._service}")

    def close(self) -> None:
        """Take no further request, finish those at work, close. Safe to call again."""
        self.stopping.set()
        if self._started:
            self._line.stirred.set()
            self._pump_ended.wait()
            self._idle.wait()
        self._line.close()
        self._line.wait_closed(GOODBYE)
        self._dead.close()
        self._replies.close()

    def kill(self) -> None:
        """Close at once; what is not answered comes again."""
        self.stopping.set()
        self._line.close()

    def _declare(self, channel: Any) -> str:
        """Declare as stock nameko does, so that its clients work with us."""
        name = rpc.queue_of(self._service)
        channel.exchange_declare(rpc.EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.queue_declare(name, durable=True, auto_delete=False)
        channel.queue_bind(name, rpc.EXCHANGE, f"{self._service}.*")
        return name

    def _pump(self) -> None:
        try:
            if wait_for_opening(self._premises, self.stopping):
                self._line.allow()
            while not self.stopping.is_set():
                self._line.stirred.wait()
                self._line.stirred.clear()
                self._one_more_worker()
        finally:
            self._pump_ended.set()

    def _one_more_worker(self) -> None:
        if self._line.arrived and self._working < RPC_WORKERS and not self.stopping.is_set():
            self._working += 1
            self._idle.clear()
            self.container.spawn_worker(self, (), {}, context_data={}, handle_result=self._work)

    def _work(self, worker: Any, _nothing: Any, exc_info: Any) -> tuple[Any, Any]:
        """Answer what waits, one after another."""
        try:
            for _ in range(CALLS_A_WORKER):
                epoch, messages = (0, []) if self.stopping.is_set() else self._line.take(1)
                if not messages:
                    break
                # If this call waits for something, the next one need not.
                self._one_more_worker()
                self._answer(worker.service, messages[0], epoch)
        finally:
            self._working -= 1
            if self._working == 0:
                self._idle.set()
            self._one_more_worker()
        return None, exc_info

    def _answer(self, service: Any, message: Any, epoch: int) -> None:
        request = request_of(message, epoch, self._service)
        if request is None:
            self._bury(message, epoch)
            return
        started = time.monotonic()
        with within(request.traceparent), asked_from(request.address):
            error: dict[str, Any] | None = None
            body = b""
            try:
                body = rpc.written({"result": self._call(service, request), "error": None})
                if len(body) > rpc.MAX_BYTES:
                    raise Refused("answer_too_large", field="limit", bytes=len(body), most=rpc.MAX_BYTES)
            except Malformed as malformed:
                error = rpc.refusal("MalformedRequest", str(malformed))
            except NoSuchMethod:
                error = rpc.refusal("MethodNotFound", request.method[:200])
            except WrongArguments as wrong:
                error = rpc.refusal("IncorrectSignature", str(wrong)[:500])
            except (CrossesTheDoor, Unavailable) as told_of:
                error = rpc.error_to_wire(told_of)
            except Exception as failure:  # noqa: BLE001  (the caller is told that it failed, the log says how)
                log.error("rpc_failed", service=self._service, method=request.method[:200], exc_info=failure)
                error = rpc.error_to_wire(failure)
            if error is not None:
                body = rpc.written({"result": None, "error": error})
        name = f"{self._service}.{request.method}" if request.method in self.methods else "unknown"
        metrics.CALLS.labels(name, "ok" if error is None else error["exc_type"]).inc()
        metrics.CALL_SECONDS.labels(name).observe(time.monotonic() - started)
        if self._replies.leads(request.reply_to, epoch):
            self._line.write(epoch, lambda channel: reply(channel, request, body))
            return
        log.warning("rpc_reply_leads_nowhere", service=self._service, method=request.method[:200])
        self._line.write(epoch, lambda channel: channel.basic_ack(request.tag))

    def _call(self, service: Any, request: Request) -> Any:
        provider = self.methods.get(request.method)
        args, kwargs = arguments_of(request.message)
        if provider is None:
            raise NoSuchMethod
        town = self._premises.town
        token = kwargs.pop("token", None)
        actor = town.keys.verify(token, town.clock.now())
        return provider.call(service, actor, args, kwargs)

    def _bury(self, message: Any, epoch: int) -> None:
        """Keep a request that can't be answered in ``rpc.dead``, then forget it here."""
        metrics.CALLS_UNANSWERABLE.labels(self._service).inc()
        delivery = delivery_of(message, message.delivery_info["delivery_tag"])
        reason = "reply_to: missing or not a reply queue; the request can't be answered"
        log.warning("rpc_unanswerable", service=self._service, message_id=delivery.message_id, why=reason)
        buried = Message(
            exchange="",
            routing_key=RPC_DEAD,
            body=delivery.body,
            message_id=delivery.message_id or f"rpc-{self._service}-{time.time_ns()}",
            type=delivery.routing_key[:200],
            content_type=delivery.content_type or "application/octet-stream",
            headers={"x-sipbun-reason": reason, "x-sipbun-queue": rpc.queue_of(self._service)},
        )
        with self._dead_lock:
            try:
                receipt = self._dead.publish([buried])
            except Unavailable as error:
                log.warning("rpc_dead_unavailable", why=str(error))
                return
        if receipt.refused:
            # It stays unacked, and comes again with the next connection.
            log.error("rpc_dead_refused", why=receipt.refused[0])
            return
        self._line.write(epoch, lambda channel: channel.basic_ack(delivery.tag))


class Asked(Entrypoint):  # type: ignore[misc]
    """One RPC method."""

    intake = RpcIntake()

    def __init__(self, schema: type[Schema] | None = None) -> None:
        self.schema = schema() if schema is not None else None
        super().__init__()

    def setup(self) -> None:
        """Tell the intake of this method."""
        self._signature = inspect.signature(getattr(self.container.service_cls, self.method_name))
        self.intake.methods[self.method_name] = self

    def stop(self) -> None:
        """Stop the whole intake: entrypoints stop together."""
        self.intake.close()

    def kill(self) -> None:
        """Stop the intake at once."""
        self.intake.kill()

    def call(self, service: Any, actor: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Return the method's result; raise ``WrongArguments`` or ``Refused`` when the arguments don't fit."""
        if self.schema is not None:
            if args:
                raise WrongArguments("name every argument")
            try:
                kwargs = self.schema.load(kwargs, unknown=RAISE)
            except ValidationError as error:
                field, why = first_fault(error.messages)
                raise Refused("input_invalid", field=field, why=why) from error
        try:
            self._signature.bind(service, actor, *args, **kwargs)
        except TypeError as error:
            raise WrongArguments(str(error)) from error
        return getattr(service, self.method_name)(actor, *args, **kwargs)
