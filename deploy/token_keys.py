"""Make the keys that sign actor tokens, where `SIPBUN_TOKEN_KEYS` says, unless they are there: the first step in compose.

    python -m deploy.token_keys

On one machine the supervisor does the same. Nothing is printed.
"""

import os
import sys
from pathlib import Path

from deploy.running import state_dir
from shared.auth import make_keys


def main() -> int:
    """Make the key file if there is none."""
    make_keys(Path(os.environ.get("SIPBUN_TOKEN_KEYS") or state_dir() / "keys" / "tokens.json"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
