"""The baselines over HTTP: bare routes on the same server, with the same settings.

python -m benchmarks.bare PORT
"""

import sys
from dataclasses import dataclass

from litestar import Litestar, get, post
from litestar.params import JSONBody

from api.protocols.authzen_shapes import DecisionReply, DecisionsReply, EvaluationRequest, EvaluationsRequest
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


@post("/evaluation", status_code=200)
async def bare_evaluation(data: JSONBody[EvaluationRequest]) -> DecisionReply:
    """Decode a question and allow it."""
    return DecisionReply(bool(data.subject.id))


@post("/evaluations", status_code=200)
async def bare_evaluations(data: JSONBody[EvaluationsRequest]) -> DecisionsReply:
    """Decode many questions and allow them."""
    return DecisionsReply([DecisionReply(True) for _ in data.evaluations or []])


app = Litestar([bare, bare_post, bare_evaluation, bare_evaluations], logging_config=None, openapi_config=None)


if __name__ == "__main__":
    server("benchmarks.bare:app", "127.0.0.1", int(sys.argv[1]), workers=1, factory=False).serve()
