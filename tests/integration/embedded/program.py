"""Start both servers in FOLDER, print where they are, stop them when the standard input ends: `program.py FOLDER HOME`."""

import json
import sys
from pathlib import Path

from core.postgres.embedded import EmbeddedPostgres
from core.redis.embedded import EmbeddedValkey

folder, home = map(Path, sys.argv[1:])
postgres, valkey = EmbeddedPostgres(folder, home), EmbeddedValkey(folder, home)
postgres.start()
valkey.start()
found = {"postgres": postgres.pid, "valkey": valkey.pid, "dsn": postgres.dsn, "redis": valkey.url}
print(json.dumps(found), flush=True)  # noqa: T201 - what its parent reads
sys.stdin.read()
valkey.stop()
postgres.stop()
