"""Shorter addresses of what belongs to the platform's own organization."""

from dataclasses import dataclass
from typing import Any, Final

from litestar.types import ASGIApp, Receive, Send

from domain.kernel.ids import PLATFORM

SHORT: Final = "/auth/webhooks"
FULL: Final = f"/auth/organizations/{PLATFORM}/webhooks"


@dataclass(frozen=True, slots=True)
class ShortPaths:
    """Takes `/auth/webhooks` and what is below it for the webhooks of the platform's organization."""

    app: ASGIApp

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on, under the path that it stands for."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path.startswith(SHORT) and path[len(SHORT) : len(SHORT) + 1] in {"", "/"}:
            scope["path"] = FULL + path.removeprefix(SHORT)
            scope["raw_path"] = scope["path"].encode()
        await self.app(scope, receive, send)
