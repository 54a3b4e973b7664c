"""The baselines over HTTP: bare routes on the same server, with the same settings.

python -m benchmarks.bare PORT
"""

import sys
from dataclasses import dataclass

from litestar import Litestar, get, post
from litestar.params import JSONBody

from api.server import server


@dataclass
class Refresh:
    """The body of `POST /auth/refresh`."""

    refresh_token: str


@get("/bare")
async def bare() -> dict[str, str]:
    """Answer as little as can be."""
    return {"status": "ok"}


@post("/bare", status_code=200)
async def bare_post(data: JSONBody[Refresh]) -> dict[str, str]:
    """Decode a body and hand it back."""
    return {"refresh_token": data.refresh_token}


app = Litestar([bare, bare_post], logging_config=None, openapi_config=None)


if __name__ == "__main__":
    server("benchmarks.bare:app", "127.0.0.1", int(sys.argv[1]), workers=1, factory=False).serve()
