"""A process of `gatewright run`, which imports its code while the servers that it will use are still starting.

    python -m api.prepared serve|worker

Its settings come, beyond the environment, as a JSON object on standard input: addresses that are known only once the
servers have started. Nothing to read means that they never did.
"""

import json
import os
import sys
from importlib import import_module
from typing import Final

from api.cli import main

CODE: Final = {"serve": ("api.server", "api.app"), "worker": ("api.worker",)}


def run(name: str) -> None:
    """Do what `gatewright NAME` does, as soon as the settings are here."""
    for module in CODE[name]:
        import_module(module)
    if told := sys.stdin.buffer.read():
        os.environ.update(json.loads(told))
        main([name])


if __name__ == "__main__":
    run(sys.argv[1])
