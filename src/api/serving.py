"""Put the HTTP side of the service together."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from api.cookies import Pages
from api.cors import Cors
from api.documents import documents as document_routes
from api.endpoint import EDGE, Edge
from api.origins import Origins
from api.outermost import Observer, Outermost, Tracing
from api.patience import Patience
from api.problems import refuse
from api.short_paths import ShortPaths
from core.pipeline import Answer, Call
from domain.kernel.usecases import Message

NO_PAGES: Final = Pages()
Hook = Callable[[], Awaitable[None]]


def serve(
    dispatch: Callable[[Message[Any], Call], Awaitable[Answer[Any]]],
    routers: Sequence[ControllerRouterHandler],
    *,
    observers: Sequence[Observer] = (),
    tracing: Tracing | None = None,
    share: float = 0,
    trusted_proxies: Iterable[str] = (),
    pages: Pages = NO_PAGES,
    cors: Cors | None = None,
    documents: bool = True,
    patience: float = 20,
    on_startup: Sequence[Hook] = (),
    on_shutdown: Sequence[Hook] = (),
) -> Litestar:
    """Make the ASGI application that answers the routes in `routers` through `dispatch`.

    `share` of the requests, from 0 to 1, run inside `tracing`. `trusted_proxies` are the addresses and networks whose
    word on the client's address counts; `ValueError` if one cannot be read. `pages` may use cookies, and `cors` lets
    pages of other origins call. `documents` serves the pages for people; `/auth/openapi.json` is always there. A body
    must have arrived after `patience` seconds.
    """
    app = Litestar(
        [*routers, *document_routes(routers, pages=documents)],
        exception_handlers={Exception: refuse, HTTPException: refuse},
        logging_config=None,
        openapi_config=None,
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        opt={EDGE: Edge(dispatch, Origins.behind(trusted_proxies), Patience(patience), pages)},
    )
    app.asgi_handler = Outermost(ShortPaths(app.asgi_handler), tuple(observers), tracing, share, _allowed(app), cors)
    return app


def _allowed(app: Litestar) -> dict[str, bytes]:
    return {
        route.path: ", ".join(sorted(route.methods)).encode() for route in app.routes if isinstance(route, HTTPRoute)
    }
