"""A process that does nothing but say that it is ready: what the supervisor's tests supervise.

    python -m tests.deploy.fake_process [--never-ready] [--deaf]
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Doors(BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        """Say 200, or 503 for one that never gets ready."""
        self.send_response(503 if "--never-ready" in sys.argv else 200)
        self.end_headers()
        self.wfile.write(b"sipbun_outbox_age_seconds 0.0\n")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Answer until told to stop."""
    if "--deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    port = int(os.environ.get("SIPBUN_HTTP_PORT") or os.environ["SIPBUN_METRICS_PORT"])
    print(os.environ["SIPBUN_PROCESS"], "up", flush=True)
    HTTPServer(("127.0.0.1", port), Doors).serve_forever()


if __name__ == "__main__":
    main()
