"""A part of one side, in a process of its own, that does what it is told over a Unix socket.

    python -m tests.bench.stage <socket> <module:class> green|plain <JSON arguments>

``green`` patches the process for eventlet first, as a nameko service's process is. Commands are JSON lines
``{"do": method, "with": {...}}``; each is answered with ``{"result": ...}`` or ``{"error": trace}``. Instants in
results are ``time.monotonic()``, which all processes of a machine share.
"""

import sys


def main(arguments: list[str]) -> int:
    """Serve one part until the other side hangs up."""
    address, target, how, told = arguments
    if how == "green":
        import warnings  # noqa: PLC0415

        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet  # noqa: PLC0415

        eventlet.monkey_patch()
    import importlib  # noqa: PLC0415  (what is imported from here on must find green sockets, threads and locks)
    import json  # noqa: PLC0415
    import socket  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    line = socket.socket(socket.AF_UNIX)
    line.connect(address)

    def say(what: dict) -> None:
        line.sendall(json.dumps(what).encode() + b"\n")

    part = None
    try:
        module, _, name = target.partition(":")
        part = getattr(importlib.import_module(module), name)(**json.loads(told))
        say({"result": "ready"})
        kept = b""
        while got := line.recv(65536):
            kept += got
            while b"\n" in kept:
                command, _, kept = kept.partition(b"\n")
                asked = json.loads(command)
                try:
                    say({"result": getattr(part, asked["do"])(**asked["with"])})
                except Exception:  # noqa: BLE001  (the bench that told us must see it)
                    say({"error": traceback.format_exc()})
    except Exception:  # noqa: BLE001
        say({"error": traceback.format_exc()})
        return 1
    finally:
        close = getattr(part, "close", None)
        if close is not None:
            close()
    return 0


if __name__ == "__main__":
    import os

    status = main(sys.argv[1:])
    sys.stdout.flush()
    # Whatever threads a part left behind end with it.
    os._exit(status)
