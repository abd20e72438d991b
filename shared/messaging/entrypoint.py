"""How a service is reached, as nameko entrypoints: ``asked`` (RPC), ``told`` (events), ``due`` (timers), ``fed``.

    @asked(schema)   rpc-<service>       --> method(self, actor, **loaded)  --> reply
    @told("a.b")     queue a.b, raw bytes --> consumer core, in batches     --> ack
    @due(every=1.0)  the clock           --> method(self), never beside itself
    @fed("a.b")      a queue of this process alone --> an index in memory

nameko hosts, injects and runs the workers. What crosses the wire is ours: raw bytes, guarded decoding, a clean
context for every worker, and nothing settled before its effect is stored.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol, TypeVar, cast, overload

import amqp
import orjson
from marshmallow import RAISE, Schema, ValidationError
from nameko.extensions import DependencyProvider, Entrypoint, SharedExtension

from shared.caller import an_address, asked_from
from shared.errors import Conflict, CrossesTheDoor, Refused, Unavailable
from shared.events.contract import ContractBroken
from shared.events.envelope import Event, Unreadable
from shared.messaging import rpc
from shared.messaging.core import Core, Reaction, ignore
from shared.messaging.line import BackOff, Line
from shared.messaging.message import EVENTS, Delivery, Message
from shared.messaging.premises import PREMISES, Premises
from shared.messaging.topology import FEEDS, RPC_DEAD, QueueSpec, queue, routing_keys
from shared.messaging.wire import PipelinedPublisher, delivery_of, text, user_of
from shared.telemetry import log, metrics
from shared.town import Town
from shared.trace import well_formed, within

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: Events a batch; twice as many are fetched, so that the next batch is there when one is done.
BATCH = 200
#: Requests that one worker answers before it makes room for another.
CALLS_A_WORKER = 16
#: Workers a service class runs at once for RPC: one slow call holds up only its own.
RPC_WORKERS = 10
#: Requests fetched ahead: enough to keep the workers busy, few enough that replicas share.
RPC_PREFETCH = 4 * RPC_WORKERS
#: Header in which the broker keeps how often, where and why a message died.
DEATHS = "x-death"
#: Seconds to pause after lost races over one document.
AFTER_CONFLICT = 0.2
#: Seconds: the longest pause between attempts while infrastructure is away.
LONGEST_PAUSE = 30.0
#: Seconds that a connection may take to say goodbye.
GOODBYE = 3.0
#: Seconds between looks at whether the process may open its intakes, or must close.
LOOK = 0.2


def desk(build: Callable[[Town], T]) -> T:
    """Return the dependency that gives workers what ``build`` makes of the town: one object a process.

    It is typed as what workers see, not as the provider it is until nameko injects.
    """
    return cast(T, Desk(build))


class Desk(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Injects the use cases of a service."""

    def __init__(self, build: Callable[[Town], Any]) -> None:
        self._build = build
        self._built: Any = None

    def setup(self) -> None:
        """Build, which opens nothing."""
        self._built = _premises(self).built(self._build)

    def get_dependency(self, worker_ctx: Any) -> Any:
        """Return the use cases."""
        return self._built


def _premises(extension: Any) -> Premises:
    return cast(Premises, extension.container.config[PREMISES])


def _own_thread(do: Callable[[], None], extension: Any, what: str) -> Any:
    """Run ``do`` as one of the container's threads: if it fails, the process ends and is seen."""
    return extension.container.spawn_managed_thread(do, identifier=what)


def _wait_for_opening(premises: Premises, stopping: threading.Event) -> bool:
    while not premises.opened.wait(LOOK):
        if stopping.is_set():
            return False
    return not stopping.is_set()


# -- told


def told(queue_name: str) -> Callable[[F], F]:
    """Make a method the reaction table of a queue: it returns type -> reaction (shared/messaging/core.py)."""
    return cast(Callable[[F], F], Told.decorator(queue_name))


class Told(Entrypoint):  # type: ignore[misc]
    """Consumes one queue of the topology in batches, one worker a batch."""

    def __init__(self, queue_name: str) -> None:
        self.spec = queue(queue_name)
        self.stopping = threading.Event()
        self._pump_ended = threading.Event()
        self._batch_done = threading.Event()
        self._pauses = BackOff(longest=LONGEST_PAUSE)
        super().__init__(expected_exceptions=(Unavailable, Conflict))

    def setup(self) -> None:
        """Find the premises; nothing is opened yet."""
        self._premises = _premises(self)
        self.spec = replace(self.spec, own_user=user_of(self._premises.town.settings.amqp_url))
        self._reasons = self._premises.reasons(self.spec.service)
        self._line = Line(
            self._premises.town.settings.amqp_url,
            f"told {self.spec.name}",
            prepare=lambda _channel: self.spec.name,
            prefetch=2 * BATCH,
        )
        self._hand = PipelinedPublisher(self._premises.town.settings.amqp_url, f"burying for {self.spec.name}")
        self._premises.conditions[f"told {self.spec.name}"] = lambda: self._line.consuming

    def start(self) -> None:
        """Consume, once the process may."""
        _own_thread(self._line.run, self, f"line {self.spec.name}")
        _own_thread(self._pump, self, f"pump {self.spec.name}")

    def stop(self) -> None:
        """Take no further batch, finish the one at work, ack it, close."""
        self.stopping.set()
        self._line.stirred.set()
        self._pump_ended.wait()
        self._line.close()
        self._hand.close()
        self._line.wait_closed(GOODBYE)

    def kill(self) -> None:
        """Close at once; what is not settled comes again."""
        self.stopping.set()
        self._line.close()

    def _pump(self) -> None:
        try:
            if _wait_for_opening(self._premises, self.stopping):
                self._line.allow()
            while not self.stopping.is_set():
                self._line.stirred.wait()
                self._line.stirred.clear()
                while not self.stopping.is_set():
                    epoch, messages = self._line.take(BATCH)
                    if not messages:
                        break
                    self._react(epoch, messages)
        finally:
            self._pump_ended.set()

    def _react(self, epoch: int, messages: Sequence[Any]) -> None:
        batch = [delivery_of(message, message.delivery_info["delivery_tag"]) for message in messages]
        settlement = _Settlement(self._line, epoch, messages, self._bury_by_hand)
        self._batch_done.clear()
        outcome: list[Exception] = []

        def react(_worker: Any, table: Mapping[str, Reaction], exc_info: Any) -> tuple[Any, Any]:
            try:
                if exc_info is None:
                    self._take(table, batch, settlement)
            except (Unavailable, Conflict) as error:
                outcome.append(error)
            except Exception:
                # A programming error ends the process. Until it has, no later ack may cover what this batch left.
                self._line.pause()
                raise
            finally:
                self._batch_done.set()
            if exc_info is not None:
                # The table itself can't be made: a programming error, to be seen.
                raise exc_info[1]
            return None, None

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=react)
        self._batch_done.wait()
        if not outcome:
            self._pauses.reset()
        elif isinstance(outcome[0], Conflict):
            settlement.return_given_back()
            time.sleep(AFTER_CONFLICT)
        else:
            self._hold_back(outcome[0])

    def _take(self, table: Mapping[str, Reaction], batch: Sequence[Delivery], settlement: _Settlement) -> None:
        name = self.spec.name
        started = time.monotonic()
        try:
            core = Core(self.spec, table, self._reasons, tenants_of=self._premises.outsiders.tenants_of)
            taken = core.take(batch, settlement)
            metrics.EVENTS_DONE.labels(name).inc(taken.done)
            metrics.EVENTS_DEAD.labels(name).inc(taken.dead)
        finally:
            settlement.flush()
            metrics.BATCH_SIZE.labels(name).observe(len(batch))
            metrics.BATCH_SECONDS.labels(name).observe(time.monotonic() - started)
            metrics.EVENTS_GIVEN_BACK.labels(name).inc(len(settlement.given_back))

    def _bury_by_hand(self, message: Any) -> bool:
        """Put a message into the dead queue ourselves; return whether the broker has it.

        A history of deaths is the broker's to write. One that the publisher made up crashes the part of RabbitMQ 3.10
        that moves what we reject, and then nothing of the whole queue reaches its dead queue any more.
        """
        properties = dict(message.properties)
        headers = properties.pop("application_headers", {})
        properties["application_headers"] = {name: told for name, told in headers.items() if name != DEATHS}
        for user in ({}, {"user_id": None}):
            # Without the user when we may not speak for others; a replay will miss it, and say so.
            kept = {name: told for name, told in {**properties, **user}.items() if told is not None}
            try:
                receipt = self._hand.send([(amqp.Message(message.body, **kept), "", self.spec.dead)])
            except Unavailable:
                return False
            if not receipt.refused:
                return True
        return False

    def _hold_back(self, why: Exception) -> None:
        """Return what is fetched, once, and consume again when the database answers."""
        log.warning("holding_back", queue=self.spec.name, why=str(why))
        self._line.pause()
        while not self.stopping.wait(self._pauses.next()):
            if self._premises.answers():
                log.info("consuming_again", queue=self.spec.name)
                self._line.allow()
                return


class _Settlement:
    """Settles one batch on the epoch it came from; acks wait for ``flush``, to travel as one."""

    def __init__(
        self, line: Line, epoch: int, messages: Sequence[Any], bury_by_hand: Callable[[Any], bool]
    ) -> None:
        self._line = line
        self._epoch = epoch
        self._messages = {message.delivery_info["delivery_tag"]: message for message in messages}
        self._size = len(messages)
        self._bury_by_hand = bury_by_hand
        self._rejected = 0
        self._done: list[int] = []
        self.given_back: list[int] = []

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Note that these are done."""
        self._done.extend(delivery.tag for delivery in deliveries)

    def reject(self, delivery: Delivery) -> None:
        """Send this one to the dead queue."""
        self._rejected += 1
        if DEATHS in delivery.headers and self._bury_by_hand(self._messages[delivery.tag]):
            self._line.write(self._epoch, lambda channel: channel.basic_ack(delivery.tag))
            return
        self._line.write(self._epoch, lambda channel: channel.basic_reject(delivery.tag, requeue=False))

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Note that these are not done."""
        self.given_back.extend(delivery.tag for delivery in deliveries)

    def flush(self) -> None:
        """Ack what is done. Batches follow one another, so a whole one is acked up to its highest tag at once."""
        done, self._done = self._done, []
        if not done:
            return

        def ack(channel: Any) -> None:
            if len(done) + self._rejected == self._size:
                channel.basic_ack(max(done), multiple=True)
                return
            for tag in done:
                channel.basic_ack(tag)

        self._line.write(self._epoch, ack)

    def return_given_back(self) -> None:
        """Put what is not done back into its queue, over the open line."""

        def give_back(channel: Any) -> None:
            for tag in self.given_back:
                channel.basic_reject(tag, requeue=True)

        self._line.write(self._epoch, give_back)


# -- asked


@overload
def asked(schema: type[Schema], /) -> Callable[[F], F]: ...
@overload
def asked(method: F, /) -> F: ...
def asked(what: Any, /) -> Any:
    """Make a method answer RPC. It gets the verified ``Actor`` first; ``schema`` loads the rest, unknown fields refused.

    A fault in a field is ``Refused("input_invalid", field=..., why=...)``. Without a schema the signature decides.
    """
    return Asked.decorator(what)


@dataclass
class Request:
    """A request that can be answered: ``method`` may still not exist, and the arguments may not fit it."""

    message: Any
    epoch: int
    method: str
    reply_to: str
    correlation_id: str | None
    traceparent: str | None
    address: str | None

    @property
    def tag(self) -> int:
        """Settles it."""
        return int(self.message.delivery_info["delivery_tag"])


class Malformed(Exception):
    """The body is not a request."""


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
        self._premises = _premises(self)
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
        _own_thread(self._line.run, self, f"line rpc-{self._service}")
        _own_thread(self._pump, self, f"pump rpc-{self._service}")

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
            if _wait_for_opening(self._premises, self.stopping):
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
        request = _request(message, epoch, self._service)
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
            self._line.write(epoch, lambda channel: _reply(channel, request, body))
            return
        log.warning("rpc_reply_leads_nowhere", service=self._service, method=request.method[:200])
        self._line.write(epoch, lambda channel: channel.basic_ack(request.tag))

    def _call(self, service: Any, request: Request) -> Any:
        provider = self.methods.get(request.method)
        args, kwargs = _arguments(request.message)
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


class NoSuchMethod(Exception):
    """Nothing of that name is asked here."""


class WrongArguments(Exception):
    """The arguments don't fit the method."""


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
                field, why = _first_fault(error.messages)
                raise Refused("input_invalid", field=field, why=why) from error
        try:
            self._signature.bind(service, actor, *args, **kwargs)
        except TypeError as error:
            raise WrongArguments(str(error)) from error
        return getattr(service, self.method_name)(actor, *args, **kwargs)


def _first_fault(faults: Any) -> tuple[str, str]:
    """Return ``("place.lat", "Not a valid number.")`` for marshmallow's nested messages."""
    path: list[str] = []
    while isinstance(faults, Mapping) and faults:
        key, faults = next(iter(faults.items()))
        if key != "_schema":
            path.append(str(key))
    return ".".join(path), str(faults[0] if isinstance(faults, list) and faults else faults)


def _request(message: Any, epoch: int, service: str) -> Request | None:
    """Return the request, or None when there is nobody to answer. No header but the trace and the address is looked at."""
    properties = message.properties
    reply_to = text(properties.get("reply_to")) or ""
    # A reply goes where the caller says, if replies can go there at all.
    if not rpc.is_reply_address(reply_to):
        return None
    headers = properties.get("application_headers") or {}
    trace = headers.get(rpc.TRACE_HEADER) or headers.get(f"nameko.{rpc.TRACE_HEADER}")
    return Request(
        message=message,
        epoch=epoch,
        method=(text(message.delivery_info["routing_key"]) or "").removeprefix(f"{service}."),
        reply_to=reply_to,
        correlation_id=text(properties.get("correlation_id")),
        traceparent=well_formed(trace),
        address=an_address(headers.get(rpc.ADDRESS_HEADER)),
    )


def _arguments(message: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments; raise ``Malformed``. JSON only: no tags, no NaN, bounded size."""
    content_type = message.properties.get("content_type")
    if content_type != rpc.CONTENT_TYPE:
        raise Malformed(f"content type: {text(content_type) or 'missing'}; expected {rpc.CONTENT_TYPE}")
    if len(message.body or b"") > rpc.MAX_BYTES:
        raise Malformed(f"{len(message.body)} bytes: at most {rpc.MAX_BYTES}")
    try:
        told_of = orjson.loads(message.body or b"")
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(told_of, dict):
        raise Malformed("not a JSON object")
    args, kwargs = told_of.get("args"), told_of.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Malformed("args must be a list and kwargs an object")
    return args, kwargs


def _reply(channel: Any, request: Request, body: bytes) -> None:
    properties: dict[str, Any] = {"content_type": rpc.CONTENT_TYPE, "content_encoding": "utf-8", "delivery_mode": 1}
    if request.correlation_id is not None:
        properties["correlation_id"] = request.correlation_id
    exchange = "" if request.reply_to.startswith(rpc.DIRECT_REPLY) else rpc.EXCHANGE
    # The ack goes first: should the broker drop our connection over this address after all, what was not acked by then
    # would come back and do it again, for ever.
    channel.basic_ack(request.tag)
    channel.basic_publish(amqp.Message(body, **properties), exchange=exchange, routing_key=request.reply_to)


# -- due


def due(*, every: float) -> Callable[[F], F]:
    """Run a method about every so many seconds, never beside itself.

    When it returns a positive number or True there may be more to do, and it runs again at once. ``Unavailable`` and
    ``Conflict`` mean that it is tried again later.
    """
    return cast(Callable[[F], F], Due.decorator(every))


class Due(Entrypoint):  # type: ignore[misc]
    """A timer of one process."""

    def __init__(self, every: float) -> None:
        self.every = every
        self.stopping = threading.Event()
        self._ended = threading.Event()
        self._random = Random()
        super().__init__(expected_exceptions=(Unavailable, Conflict))

    def setup(self) -> None:
        """Find the premises."""
        self._premises = _premises(self)

    def start(self) -> None:
        """Run, once the process may."""
        _own_thread(self._run, self, f"due {self.method_name}")

    def stop(self) -> None:
        """Let the present run finish."""
        self.stopping.set()
        self._ended.wait()

    def kill(self) -> None:
        """Start no other run."""
        self.stopping.set()

    def _run(self) -> None:
        try:
            if not _wait_for_opening(self._premises, self.stopping):
                return
            pauses = BackOff(self.every, max(LONGEST_PAUSE, self.every))
            # Replicas that started together should not all sweep in the same instant.
            pause = self.every * self._random.random()
            while not self.stopping.wait(pause):
                result, error = self._once()
                if isinstance(error, Unavailable):
                    pause = pauses.next()
                    continue
                pauses.reset()
                again = error is None and isinstance(result, int) and result > 0
                pause = 0.0 if again else self.every * self._random.uniform(0.9, 1.1)
        finally:
            self._ended.set()

    def _once(self) -> tuple[Any, Exception | None]:
        done = threading.Event()
        outcome: list[Any] = [None, None]

        def note(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            outcome[0], outcome[1] = result, None if exc_info is None else exc_info[1]
            done.set()
            return result, exc_info

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=note)
        done.wait()
        error = outcome[1]
        name = f"{self.container.service_name}.{self.method_name}"
        metrics.TIMER_RUNS.labels(name, "ok" if error is None else type(error).__name__).inc()
        return outcome[0], error


# -- fed


def fed(feed_name: str) -> Callable[[F], F]:
    """Keep the index that a method returns (a ``Feed``) up to date from a queue of this process alone."""
    return cast(Callable[[F], F], Fed.decorator(feed_name))


class Feed(Protocol):
    """An index in memory that can be loaded and kept up to date (shared/reach/feed.py)."""

    def opened(self) -> None:
        """Load: what is published from now on will be told."""

    def told(self, events: Sequence[Event]) -> None:
        """Apply what is newer than what is known."""

    def lost(self) -> None:
        """Forget that it is up to date: something may have been missed."""

    def caught_up(self) -> bool:
        """Return whether it is up to date."""


class Fed(Entrypoint):  # type: ignore[misc]
    """Binds first, then lets the feed load, then applies what came since; a lost connection means loading again."""

    def __init__(self, feed_name: str) -> None:
        self.feed_name = feed_name
        self.hears = FEEDS[feed_name]
        self.stopping = threading.Event()
        self._pauses = BackOff(longest=LONGEST_PAUSE)
        super().__init__()

    def setup(self) -> None:
        """Find the premises."""
        self._premises = _premises(self)
        self._line = Line(
            self._premises.town.settings.amqp_url,
            f"fed {self.feed_name}",
            prepare=self._declare,
            prefetch=0,
            no_ack=True,
        )
        spec = QueueSpec(self.feed_name, self.hears, user_of(self._premises.town.settings.amqp_url))
        self._core = Core(spec, dict.fromkeys(spec.types, ignore), self._premises.reasons())
        self._feed: Feed | None = None
        name = f"fed {self.feed_name}"
        self._premises.conditions[name] = lambda: self._feed is not None and self._feed.caught_up()

    def start(self) -> None:
        """Get the feed from a worker, then keep it fed."""
        _own_thread(self._line.run, self, f"line {self.feed_name}")
        _own_thread(self._keep, self, f"feed {self.feed_name}")

    def stop(self) -> None:
        """Close: nothing needs to be finished."""
        self.stopping.set()
        self._line.stirred.set()
        self._line.close()
        self._line.wait_closed(GOODBYE)

    def kill(self) -> None:
        """Close at once."""
        self.stopping.set()
        self._line.close()

    def _declare(self, channel: Any) -> str:
        name = str(channel.queue_declare("", durable=False, exclusive=True, auto_delete=True).queue)
        for key in routing_keys(self.hears):
            channel.queue_bind(name, EVENTS, key)
        return name

    def _keep(self) -> None:
        if not _wait_for_opening(self._premises, self.stopping):
            return
        feed = self._ask_for_feed()
        self._line.allow()
        loaded: int | None = None
        while not self.stopping.is_set():
            self._line.stirred.wait()
            self._line.stirred.clear()
            if loaded is not None and loaded != self._line.epoch:
                feed.lost()
                loaded = None
            if loaded is None and self._line.consuming:
                loaded = self._load(feed)
            while loaded is not None and loaded == self._line.epoch and not self.stopping.is_set():
                epoch, messages = self._line.take(BATCH)
                if not messages or epoch != loaded:
                    break
                feed.told(self._events(messages))
                metrics.FEED_APPLIED.labels(self.feed_name).inc(len(messages))

    def _ask_for_feed(self) -> Feed:
        done = threading.Event()

        def note(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            self._feed = result
            done.set()
            return result, exc_info

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=note)
        done.wait()
        if self._feed is None:
            raise TypeError(f"{self.method_name} gave no feed")
        return self._feed

    def _load(self, feed: Feed) -> int | None:
        """Load while what is published meanwhile waits on the line; return the epoch that was loaded."""
        epoch = self._line.epoch
        try:
            feed.opened()
        except Unavailable as error:
            log.warning("feed_not_loaded", feed=self.feed_name, why=str(error))
            self.stopping.wait(self._pauses.next())
            self._line.stirred.set()
            return None
        self._pauses.reset()
        metrics.FEED_LOADS.labels(self.feed_name).inc()
        self._line.stirred.set()
        return epoch

    def _events(self, messages: Sequence[Any]) -> list[Event]:
        events = []
        for message in messages:
            delivery = delivery_of(message, None)
            try:
                events.append(self._core.read(delivery))
            except (Unreadable, ContractBroken) as error:
                log.warning("feed_refused", feed=self.feed_name, message_id=delivery.message_id, why=str(error))
        return events
