"""A small real SMTP server that keeps every letter on disk: for the demo, for development and for chaos.

    <folder>/new/<id>.eml       each accepted message
    <folder>/accepted.log       a line when it begins, then one per accepted message, on disk before the 250

An accepted message can therefore always be found again by its Message-ID, also when the sender died before it heard
the answer. The line reads as Postfix writes it:

    2026-11-02T09:00:00.000000+00:00 sipbun-sink opened
    2026-11-02T09:00:00.000000+00:00 sipbun-sink cleanup: message-id=<...> to=<...>,<...>

The first line says since when the log is complete: from then on, what is not in it was not accepted.

Run it: `python -m deploy.mailsink --port 2525 --folder .sipbun/mail --refuse 'no-such-.*@' --defer 'busy@'`.
"""

import argparse
import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

LINE = re.compile(r"^(?P<at>\S+) sipbun-sink cleanup: message-id=(?P<id><[^>]*>|) to=(?P<to>.*)$")


@dataclass
class MailSink:
    """Accepts mail for everyone but those whom `refuse` (for good, 550) or `defer` (for now, 451) match."""

    folder: Path
    refuse: Sequence[str] = ()
    defer: Sequence[str] = ()
    #: Seconds to think before each answer to DATA.
    delay: float = 0.0
    _log: Any = field(default=None, init=False, repr=False)

    def open(self) -> None:
        """Make the folder; mail may come."""
        # Letters are personal data: nobody but the account that runs the sink may read them.
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "new").mkdir(exist_ok=True, mode=0o700)
        # Unbuffered append: one write is one line, and what an earlier run kept stays.
        log = self.folder / "accepted.log"
        if log.exists():
            drop_torn_line(log)
        self._log = open(log, "ab", buffering=0, opener=_private)  # noqa: SIM115 - closed in close()
        if log.stat().st_size == 0:
            self._say("opened")

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept or refuse one recipient."""
        if any(re.search(pattern, address) for pattern in self.refuse):
            return "550 5.1.1 no such mailbox here"
        if any(re.search(pattern, address) for pattern in self.defer):
            return "451 4.3.0 mailbox busy, come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep the message, then the line, then say so."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        if self.delay:
            await asyncio.sleep(self.delay)
        queued = self.keep(raw, envelope.rcpt_tos)
        return f"250 2.0.0 Ok: queued as {queued}"

    def keep(self, raw: bytes, recipients: Sequence[str]) -> str:
        """Write message and line to disk, synced; return the queue id."""
        queued = secrets.token_hex(6).upper()
        message_id = str(message_from_bytes(raw, policy=policy.default).get("Message-ID", "")).strip()
        message_id = re.sub(r"\s+", "", message_id)
        with open(self.folder / "new" / f"{queued}.eml", "wb", opener=_private) as out:
            out.write(raw)
            out.flush()
            os.fsync(out.fileno())
        to = ",".join(f"<{address}>" for address in recipients)
        self._say(f"cleanup: message-id={message_id} to={to}")
        return queued

    def _say(self, what: str) -> None:
        """Write a line to the log, synced."""
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        self._log.write(f"{at} sipbun-sink {what}\n".encode())
        os.fsync(self._log.fileno())


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner can read."""
    return os.open(path, flags, 0o600)


@dataclass(frozen=True)
class Accepted:
    """A line of the log."""

    at: datetime
    message_id: str
    recipients: tuple[str, ...]


def accepted(log: Path) -> list[Accepted]:
    """Read the log; a line that a killed sink left half written is skipped: its sender was never told 250."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    found = (LINE.match(line.rstrip("\n")) for line in lines if line.endswith("\n"))
    return [
        Accepted(
            at=datetime.fromisoformat(line["at"]),
            message_id=line["id"],
            recipients=tuple(part.strip("<>") for part in line["to"].split(",") if part),
        )
        for line in found
        if line
    ]


def drop_torn_line(log: Path) -> None:
    """Cut off a line that a killed sink left without its end: that sender was never told 250 and will come again."""
    whole = log.read_bytes().rpartition(b"\n")
    if whole[2]:
        os.truncate(log, len(whole[0]) + len(whole[1]))


async def serve(sink: MailSink, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT."""
    sink.open()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sipbun-sink", enable_SMTPUTF8=True, loop=loop), host, port
    )
    told = server.sockets[0].getsockname()
    print(f"mail sink on smtp://{told[0]}:{told[1]}, keeping letters in {sink.folder}", flush=True)
    try:
        await stop.wait()
    finally:
        server.close()
        sink.close()


def main(arguments: Sequence[str]) -> int:
    """Run the sink. Folder and port come from the options, or from SIPBUN_STATE_DIR and SIPBUN_SMTP_PORT."""
    words = argparse.ArgumentParser(prog="python -m deploy.mailsink", description=(__doc__ or "").partition("\n")[0])
    state = Path(os.environ.get("SIPBUN_STATE_DIR", ".sipbun"))
    words.add_argument("--folder", type=Path, default=state / "mail")
    words.add_argument("--host", default=os.environ.get("SIPBUN_SMTP_HOST") or "127.0.0.1")
    words.add_argument("--port", type=int, default=int(os.environ.get("SIPBUN_SMTP_PORT", "0")), help="0: any free one")
    words.add_argument("--refuse", action="append", default=[], metavar="PATTERN", help="recipients refused for good")
    words.add_argument("--defer", action="append", default=[], metavar="PATTERN", help="recipients refused for now")
    words.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="think this long before each 250")
    said = words.parse_args(arguments)
    sink = MailSink(folder=said.folder, refuse=said.refuse, defer=said.defer, delay=said.delay)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sink, said.host, said.port))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
