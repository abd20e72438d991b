"""The one way out: where it doesn't go, and what it doesn't swallow."""

from __future__ import annotations

import gzip
import io
import os
import socket
import ssl
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from services.spaces.agreement.calendar import Silent
from services.spaces.agreement.fetch import NotAllowed, Outside, Reply
from services.spaces.agreement.lines import Packed
from services.spaces.agreement.model import Secret
from shared.config import Misconfigured, settings
from tests.harness import ROOT

HOME = (ip_network("127.0.0.1/32"),)
MEGABYTE = 1_000_000

Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A server on loopback that answers as it is told, by path."""

    port: int
    answers: dict[str, Answering] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return an address here."""
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that ends with the test."""
    with serving() as running:
        yield running


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve."""
    told = Server(0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            told.connections += 1
            super().setup()

        def do_GET(self) -> None:
            told.heard.append((self.path, dict(self.headers)))
            told.answers.get(self.path, text_of(b"BEGIN:VCALENDAR"))(self)

        def log_message(self, *_args: Any) -> None:
            """Be quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """Be quiet: whoever asks may hang up."""

    listening = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    told.port = listening.server_address[1]
    serving = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    try:
        yield told
    finally:
        told.over.set()
        listening.shutdown()
        listening.server_close()


def text_of(body: bytes, status: int = 200, **headers: str) -> Answering:
    """Answer with a body of known length."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(told: Server, piece: bytes, pause: float, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Answering:
    """Answer with pieces until the test is over."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not told.over.wait(pause):
            handler.wfile.write(piece)

    return answer


def got(outside: Outside, address: str, *, follow: bool = False, seconds: float = 5, secret: Secret | None = None) -> Reply:
    """Ask once."""
    with outside.visit(seconds, secret or Secret()) as visit:
        return visit.ask("GET", address, follow=follow)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody connects to anything."""

    def refuse(*_args: Any, **_more: Any) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "172.16.5.4", "192.168.0.1", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"),
        *("[::]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]"),
    ],
)
def test_no_address_of_the_inside_is_gone_to(host: str) -> None:
    with pytest.raises(Silent) as silent:
        got(Outside(), f"http://{host}/")
    assert silent.value.reason in ("address_not_allowed", "no_such_host")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("addresses", [["10.1.2.3"], ["8.8.8.8", "10.1.2.3"], ["2606:4700::1", "::ffff:127.0.0.1"]])
def test_a_name_that_leads_inside_is_not_gone_to(addresses: list[str]) -> None:
    with pytest.raises(NotAllowed):
        got(Outside(resolve=lambda *_: addresses), "http://calendar.example/")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "address",
    [
        *("ftp://calendar.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "//calendar.example/", "calendar", ""),
        *("http://user:password@calendar.example/", "http://user@calendar.example/", "http:///nowhere", "http://a:0/"),
        *("http://calendar.example/a b", "http://calendar.example/\r\nX: y", "http://[::1", "http://a:99999/"),
    ],
)
def test_an_address_that_is_none_is_not_gone_to(address: str) -> None:
    with pytest.raises(NotAllowed):
        got(Outside(resolve=lambda *_: ["8.8.8.8"]), address)


def test_public_addresses_are_allowed_and_configured_networks_too() -> None:
    outside = Outside((ip_network("10.20.0.0/16"), ip_network("fd00:1::/32")))

    for allowed in ("8.8.8.8", "2606:4700::1111", "10.20.3.4", "::ffff:10.20.3.4", "fd00:1::5", "::ffff:8.8.8.8"):
        assert outside.allows(ip_address(allowed)), allowed
    for forbidden in ("10.21.0.1", "fd00:2::5", "::ffff:10.21.0.1", "127.0.0.1"):
        assert not outside.allows(ip_address(forbidden)), forbidden


def test_networks_come_from_the_configuration() -> None:
    needed = {"SIPBUN_AMQP_URL": "amqp://a/", "SIPBUN_MONGO_URL": "mongodb://a"}

    assert settings(needed).calendar_networks == ()
    told = settings({**needed, "SIPBUN_CALENDAR_NETWORKS": "10.20.0.0/16, fd00:1::/32"})
    assert told.calendar_networks == (ip_network("10.20.0.0/16"), ip_network("fd00:1::/32"))
    with pytest.raises(Misconfigured, match="SIPBUN_CALENDAR_NETWORKS"):
        settings({**needed, "SIPBUN_CALENDAR_NETWORKS": "10.20.0.1/16"})


def test_the_name_is_resolved_once_and_told_to_the_server(server: Server) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    outside = Outside(HOME, resolve=resolve)
    with outside.visit(5) as visit:
        assert visit.ask("GET", server.url("/a", "calendar.example")).status == 200
        assert visit.ask("GET", server.url("/b", "calendar.example")).status == 200

    assert asked == ["calendar.example"]
    assert [headers["Host"] for _, headers in server.heard] == [f"calendar.example:{server.port}"] * 2
    assert server.connections == 1


def test_an_address_that_does_not_answer_is_passed_over_for_the_next(server: Server) -> None:
    networks = (*HOME, ip_network("127.9.9.9/32"))
    outside = Outside(networks, resolve=lambda *_: ["127.9.9.9", "127.0.0.1"])

    assert got(outside, server.url("/", "calendar.example")).status == 200


def test_a_redirect_inside_is_not_followed(server: Server) -> None:
    for number, place in enumerate(("http://127.0.0.2:1/", "http://169.254.169.254/", "file:///etc/passwd")):
        server.answers[f"/{number}"] = text_of(b"", 302, Location=place)
        with pytest.raises(NotAllowed):
            got(Outside(HOME), server.url(f"/{number}"), follow=True)


def test_a_redirect_is_followed_three_times_at_most_and_only_when_asked_to(server: Server) -> None:
    for number in range(5):
        server.answers[f"/{number}"] = text_of(b"", 301, Location=f"/{number + 1}")
    assert got(Outside(HOME), server.url("/2"), follow=True).status == 200

    for start, follow in ((1, True), (2, False)):
        with pytest.raises(Silent) as silent:
            got(Outside(HOME), server.url(f"/{start}"), follow=follow)
        assert silent.value.reason == "redirected"


def test_the_secret_goes_to_the_first_host_only(server: Server) -> None:
    server.answers["/here"] = text_of(b"", 302, Location=server.url("/there", "localhost"))
    outside = Outside((ip_network("127.0.0.0/8"), ip_network("::1/128")), resolve=lambda *_: ["127.0.0.1"])

    got(outside, server.url("/here"), follow=True, secret=Secret("facility", "비밀"))

    assert ["Authorization" in headers for _, headers in server.heard] == [True, False]


def test_nothing_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/"] = text_of(b"ok", Set_Cookie="a=b; Path=/")
    with Outside(HOME).visit(5) as visit:
        assert visit.ask("GET", server.url()).body == b"ok"
        visit.ask("GET", server.url())
    assert all("Cookie" not in headers for _, headers in server.heard)


@pytest.mark.parametrize("how", ["told", "untold", "chunked"])
def test_a_body_that_is_too_large_is_left(server: Server, how: str) -> None:
    if how == "told":
        server.answers["/"] = text_of(b"x" * (MEGABYTE + 1))
    elif how == "untold":
        server.answers["/"] = endless(server, b"x" * 65536, 0)
    else:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        server.answers["/"] = endless(server, b"10000\r\n" + b"x" * 65536 + b"\r\n", 0, head)
    with pytest.raises(Silent) as silent:
        got(Outside(HOME, most_bytes=MEGABYTE), server.url())
    assert silent.value.reason == "too_large"


def test_a_packed_body_is_unpacked(server: Server) -> None:
    server.answers["/"] = text_of(gzip.compress(b"BEGIN:VCALENDAR" * 1000), Content_Encoding="gzip")

    assert got(Outside(HOME), server.url()).body == b"BEGIN:VCALENDAR" * 1000


def a_bomb() -> bytes:
    """Return a hundred megabytes, packed."""
    bomb = io.BytesIO()
    pack = zlib.compressobj(9, wbits=31)
    for _ in range(100):
        bomb.write(pack.compress(b"\0" * MEGABYTE))
    bomb.write(pack.flush())
    return bomb.getvalue()


def test_no_more_of_a_bomb_is_unpacked_than_is_allowed() -> None:
    bomb = a_bomb()
    tracemalloc.start()
    try:
        with pytest.raises(Silent):
            Packed(MEGABYTE).take(bomb)
        assert tracemalloc.get_traced_memory()[1] < 10 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked(server: Server) -> None:
    server.answers["/"] = text_of(a_bomb(), Content_Encoding="gzip")

    with pytest.raises(Silent) as silent:
        got(Outside(HOME, most_bytes=MEGABYTE), server.url())
    assert silent.value.reason == "too_large"


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"BEGIN:VCALENDAR" * 100)[:-9], "gzip"),
        (b"no gzip", "gzip"),
        (gzip.compress(b"a") + b"more", "gzip"),
        (b"x", "br"),
        (b"x", "gzip, gzip"),
    ],
)
def test_a_packed_body_that_is_broken_or_unknown_is_unreadable(server: Server, body: bytes, coding: str) -> None:
    server.answers["/"] = text_of(body, Content_Encoding=coding)
    with pytest.raises(Silent) as silent:
        got(Outside(HOME), server.url())
    assert silent.value.reason == "unreadable"


def test_a_body_that_was_cut_short_is_no_answer(server: Server) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nBEGIN")
        handler.close_connection = True

    server.answers["/"] = cut
    with pytest.raises(Silent) as silent:
        got(Outside(HOME), server.url())
    assert silent.value.reason == "no_answer"


@pytest.mark.parametrize("where", ["silent", "headers", "body", "chunks"])
def test_a_slow_server_is_left_after_the_time_it_has_in_all(server: Server, where: str) -> None:
    server.answers["/"] = {
        "silent": endless(server, b"", 0.05, b""),
        "headers": endless(server, b"X: y\r\n", 0.05, b"HTTP/1.1 200 OK\r\n"),
        "body": endless(server, b"x", 0.05),
        "chunks": endless(server, b"1\r\nx\r\n", 0.05, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    }[where]
    with pytest.raises(Silent) as silent:
        got(Outside(HOME), server.url(), seconds=0.4)
    assert silent.value.reason == "too_slow"


def test_a_name_that_takes_for_ever_is_left(server: Server) -> None:
    def resolve(*_args: Any) -> list[str]:
        server.over.wait(60)
        return ["127.0.0.1"]

    with pytest.raises(Silent) as silent:
        got(Outside(HOME, resolve=resolve), server.url(), seconds=0.3)
    assert silent.value.reason == "too_slow"


def test_a_name_that_nobody_knows_and_a_door_that_is_shut() -> None:
    with pytest.raises(Silent) as silent:
        got(Outside(resolve=lambda *_: []), "http://calendar.example/")
    assert silent.value.reason == "no_such_host"

    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(Silent) as silent:
            got(Outside(HOME), f"http://127.0.0.1:{unheard.getsockname()[1]}/")
    assert silent.value.reason == "no_answer"


@pytest.fixture
def signed_by_itself(tmp_path: Path) -> Path:
    """A certificate for calendar.example that nobody vouches for."""
    kept = tmp_path / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=calendar.example", "-addext", "subjectAltName=DNS:calendar.example"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    kept.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "certificate.pem").read_text())
    return kept


def test_a_certificate_counts_for_the_name_not_for_the_address(
    signed_by_itself: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed_by_itself)
    outside = Outside(HOME, resolve=lambda *_: ["127.0.0.1"])
    with serving(context) as server:
        address = f"https://calendar.example:{server.port}/"
        with pytest.raises(Silent) as silent:
            got(outside, address)
        assert silent.value.reason == "bad_certificate"

        monkeypatch.setenv("SSL_CERT_FILE", str(signed_by_itself.parent / "certificate.pem"))
        assert got(outside, address).status == 200
        with pytest.raises(Silent) as silent:
            got(outside, f"https://other.example:{server.port}/")
        assert silent.value.reason == "bad_certificate"


def test_it_holds_up_no_green_thread_and_keeps_its_time_there_too(server: Server) -> None:
    server.answers["/slow"] = endless(server, b"x", 0.05)
    script = """
import eventlet; eventlet.monkey_patch()
import sys
from ipaddress import ip_network
from services.spaces.agreement.fetch import Outside
from services.spaces.agreement.calendar import Silent
ticks = []
def tick():
    while True:
        ticks.append(1); eventlet.sleep(0.02)
eventlet.spawn(tick)
outside = Outside((ip_network("127.0.0.1/32"),))
with outside.visit(5) as visit:
    assert visit.ask("GET", sys.argv[1] + "/").status == 200
before = len(ticks)
try:
    with outside.visit(0.5) as visit:
        visit.ask("GET", sys.argv[1] + "/slow")
except Silent as silent:
    print(silent.reason, len(ticks) - before > 5)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, server.url("")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "too_slow True", done.stderr
