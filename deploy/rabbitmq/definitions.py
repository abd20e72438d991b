"""The broker's definitions, written from `shared/messaging/topology.py` and from nothing else.

    python -m deploy.rabbitmq.definitions            write deploy/rabbitmq/definitions.json
    python -m deploy.rabbitmq.definitions --check    say whether the file is what would be written (exit status 1: no)

For a broker that somebody else runs: `rabbitmqctl import_definitions definitions.json`. There is no user in it, because
a user has a password. It may be imported again at any time; Sipbun's own start declares the same.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.broker import VHOST
from shared.messaging.topology import EXCHANGES, declarations

FILE = Path(__file__).parent / "definitions.json"


def definitions(vhost: str = VHOST) -> dict[str, Any]:
    """Return what RabbitMQ calls definitions: virtual host, exchanges, queues, bindings."""
    queues = list(declarations())
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": one.name,
                "vhost": vhost,
                "type": one.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": dict(one.arguments),
            }
            for one in EXCHANGES
        ],
        "queues": [
            {
                "name": one.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(one.arguments),
            }
            for one in queues
        ],
        "bindings": [
            {
                "source": exchange,
                "vhost": vhost,
                "destination": one.name,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for one in queues
            for exchange, key in one.bindings
        ],
    }


def written() -> str:
    """Return the file's text."""
    return json.dumps(definitions(), ensure_ascii=False, indent=1) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the file, or check it."""
    if "--check" in arguments:
        same = FILE.exists() and FILE.read_text(encoding="utf-8") == written()
        if not same:
            print(f"{FILE.name} is out of date: python -m deploy.rabbitmq.definitions", file=sys.stderr)
        return 0 if same else 1
    FILE.write_text(written(), encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
