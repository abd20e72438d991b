"""Ask this container's own process whether it is ready; for a health check. Exit status 0: yes.

python -m deploy.healthy            SIPBUN_HTTP_PORT, else SIPBUN_METRICS_PORT: /readyz
python -m deploy.healthy tcp        SIPBUN_SMTP_PORT: does it accept a connection
"""

import os
import sys
from collections.abc import Sequence

from deploy.running import http_status
from deploy.server import listens


def main(arguments: Sequence[str]) -> int:
    """Ask; say on stderr what is wrong."""
    if arguments == ["tcp"]:
        return 0 if listens("127.0.0.1", int(os.environ["SIPBUN_SMTP_PORT"])) else 1
    port = os.environ.get("SIPBUN_HTTP_PORT") or os.environ["SIPBUN_METRICS_PORT"]
    status = http_status(f"http://127.0.0.1:{port}/readyz", seconds=4.0)
    if status != 200:
        print(f"/readyz on {port}: {status or 'no answer'}", file=sys.stderr)
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
