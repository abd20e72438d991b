"""How the gateway runs: two workers of eight threads each, on loopback unless told otherwise.

    SIPBUN_HTTP_PORT   default 8080
    SIPBUN_HTTP_HOST   default 127.0.0.1; in a container 0.0.0.0

Each worker makes its application after the fork, so no socket and no RPC connection is shared. Prometheus counts in
files under the state folder, so that any worker can show the sum of all.
"""

# ruff: noqa: N999 - gunicorn calls its file so

import os
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_state = Path(os.environ.get("SIPBUN_STATE_DIR") or _ROOT / ".sipbun").resolve()
#: Read by prometheus_client when it is first imported, which is in a worker.
_counts = Path(
    os.environ.get("PROMETHEUS_MULTIPROC_DIR") or _state / "metrics" / (os.environ.get("SIPBUN_PROCESS") or "gateway")
)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_counts)

chdir = str(_ROOT)
bind = f"{os.environ.get('SIPBUN_HTTP_HOST') or '127.0.0.1'}:{os.environ.get('SIPBUN_HTTP_PORT') or '8080'}"
proc_name = "sipbun-gateway"
worker_class = "gthread"
workers = 2
threads = 8
#: Seconds a worker may be silent: longer than any RPC may take (services/gateway/asking.py).
timeout = 60
#: Seconds to finish what is at work after SIGTERM; the supervisor waits 15.
graceful_timeout = 10
keepalive = 5
#: Bytes of a request line: a ``nearby`` search with its cursor is far shorter.
limit_request_line = 4094
limit_request_fields = 60
#: No access log: a query string may hold somebody's point. The application logs a line a request without it.
accesslog = None
errorlog = "-"
loglevel = "warning"
#: Nobody steers a running gunicorn but its supervisor.
control_socket_disable = True
#: A worker's sign of life belongs in memory, not on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn makes a private file


def on_starting(_server: Any) -> None:
    """Begin counting from nothing: the files of an earlier run would be added up too."""
    _counts.mkdir(parents=True, exist_ok=True)
    for file in _counts.glob("*.db"):
        file.unlink(missing_ok=True)


def post_worker_init(_worker: Any) -> None:
    """Make the application now, so that a missing variable ends the process at once and names itself."""
    from services.gateway.app import app  # noqa: PLC0415  (in the worker, never in the master)

    app.warm()


def child_exit(_server: Any, worker: Any) -> None:
    """Forget a dead worker's gauges."""
    from prometheus_client import multiprocess  # noqa: PLC0415  (not before the folder of counts is named)

    multiprocess.mark_process_dead(worker.pid)
