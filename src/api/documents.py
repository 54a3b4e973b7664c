"""The OpenAPI document, and pages that show it and the manual to people."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler

from api.asyncapi import asyncapi
from api.headers import given, is_known
from api.openapi import document
from api.refusals import NoSuchPath
from api.reply import Reply, unreached
from core.event_schemas import PLACE, declared, schema
from domain.kernel.errors import NotFound

STATIC: Final = Path(__file__).parent / "static"
SITE: Final = Path(__file__).parent / "site"
INLINE: Final = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Both viewers and the manual set styles in the page; no script but ours runs."""
STRICT: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Where people enter secrets nothing in the page itself is run, nor does it change how the page looks."""
FORMS: Final = {
    # Where people name the first administrator.
    "/auth/setup": ("setup.html", ("setup.js", "form.css")),
    # Where mailed invitations lead, unless configured otherwise.
    "/auth/invitations": ("invitation.html", ("invitation.js", "form.css")),
    # Where mailed links to reset a password lead, likewise.
    "/auth/password": ("password.html", ("password.js", "form.css")),
    # Where mailed links that prove an address lead, likewise.
    "/auth/sign-in": ("sign-in.html", ("sign-in.js", "form.css")),
    "/auth/verification": ("verification.html", ("verification.js", "form.css")),
}
"""What is entered in them goes to routes like any other."""
PAGES: Final = {
    "/auth/docs": ("docs.html", ("docs.js", "swagger-ui/swagger-ui-bundle.js", "swagger-ui/swagger-ui.css")),
    "/auth/redoc": ("redoc.html", ("redoc.js", "redoc/redoc.standalone.js")),
}

Serve = Callable[[Request[Any, Any, Any]], Awaitable[Reply]]


class NotBuilt(NotFound):
    """The manual is not part of this installation; `make docs` builds it."""

    code = "documentation.not_built"


@dataclass(frozen=True, slots=True)
class Site:
    """A folder of pages, served as it is: only files that it holds have an address."""

    folder: Path
    _files: dict[str, Path] = field(default_factory=dict, init=False)
    _built: list[int] = field(default_factory=list, init=False)

    def find(self, path: str) -> Path:
        """Return the file at `path` below `/auth/`; raise `NotBuilt`, `NoSuchPath`, or `Moved` for a folder."""
        try:
            built = [(self.folder / "index.html").stat().st_mtime_ns]
        except FileNotFoundError:
            raise NotBuilt from None
        if self._built != built:
            self._built[:] = built
            self._files.clear()
            files = (each for each in self.folder.rglob("*") if each.is_file())
            self._files.update((f"mkdocs/{each.relative_to(self.folder).as_posix()}", each) for each in files)
        if f"{path}/index.html" in self._files:
            raise Moved(f"/auth/{quote(path)}/index.html")
        if path not in self._files:
            raise NoSuchPath
        return self._files[path]


class Moved(Exception):
    """It is at another address.

    Litestar drops the slash at the end of a path, so a folder's address could not tell where relative links start.
    """


def documents(
    routers: Sequence[ControllerRouterHandler], *, pages: bool = True, site: Path = SITE
) -> list[HTTPRouteHandler]:
    """Return the routes that serve what describes the service and, with `pages`, everything around it."""
    found = [
        _route("/auth/openapi.json", _described(lambda: document(routers))),
        _route("/auth/asyncapi.json", _described(asyncapi)),
        _route(f"{PLACE}/{{type:str}}/{{version:str}}", _schemas()),
    ]
    found += _with_assets(FORMS, STRICT)
    if pages:
        found += _with_assets(PAGES)
        # Where the `type` of every problem points to.
        found.append(_route("/auth/errors", _moved(b"/auth/mkdocs/errors/index.html")))
        found += [_route("/auth/mkdocs", _manual(Site(site))), _route("/auth/mkdocs/{path:path}", _manual(Site(site)))]
    return found


def _with_assets(pages: Mapping[str, tuple[str, Sequence[str]]], policy: str | None = None) -> list[HTTPRouteHandler]:
    found = []
    for address, (page, assets) in pages.items():
        found.append(_route(address, _file(STATIC / page, policy)))
        found += [_route(f"{address}/{Path(each).name}", _file(STATIC / each, policy)) for each in assets]
    return found


def _route(path: str, serve: Serve) -> HTTPRouteHandler:
    return get(path, include_in_schema=False, before_request=serve)(unreached())


def _described(make: Callable[[], dict[str, Any]]) -> Serve:
    shown = cache(lambda: msgspec.json.encode(make()))

    async def serve(request: Request[Any, Any, Any]) -> Reply:
        return _cached(request, shown(), "application/json")

    return serve


def _schemas() -> Serve:
    """Serve the JSON Schemas of events, each at the `$id` that it says it has."""

    @cache
    def shown() -> dict[str, bytes]:
        made = map(schema, declared().values())
        return {each["$id"]: msgspec.json.encode(each) for each in made}

    async def serve(request: Request[Any, Any, Any]) -> Reply:
        if found := shown().get(request.scope["path"]):
            return _cached(request, found, "application/schema+json")
        raise NoSuchPath

    return serve


def _file(path: Path, policy: str | None = None) -> Serve:
    read = cache(path.read_bytes)

    async def serve(request: Request[Any, Any, Any]) -> Reply:
        return _page(request, read(), path.name, policy)

    return serve


def _moved(place: bytes) -> Serve:
    async def serve(_: Request[Any, Any, Any]) -> Reply:
        return Reply(308, b"", (b"location", place))

    return serve


def _manual(site: Site) -> Serve:
    async def serve(request: Request[Any, Any, Any]) -> Reply:
        asked = request.scope["path"].removeprefix("/auth/")
        try:
            found = site.find(asked)
        except Moved as moved:
            return Reply(308, b"", (b"location", str(moved).encode()))
        return _page(request, found.read_bytes(), found.name)

    return serve


def _page(request: Request[Any, Any, Any], content: bytes, name: str, policy: str | None = None) -> Reply:
    if policy is None:
        scripts = INLINE.findall(content) if name.endswith(".html") else []
        hashes = (f" 'sha256-{b64encode(sha256(each).digest()).decode()}'" for each in scripts)
        policy = POLICY.format(scripts="".join(hashes))
    kind = guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind.endswith("javascript")
    media = f"{kind}; charset=utf-8" if text else kind
    return _cached(request, content, media, (b"content-security-policy", policy.encode()))


def _cached(request: Request[Any, Any, Any], content: bytes, media: str, *headers: tuple[bytes, bytes]) -> Reply:
    tag = b'"%s"' % sha256(content).hexdigest()[:32].encode()
    headers = ((b"etag", tag), (b"cache-control", b"no-cache"), *headers)
    if is_known(given(request.scope["headers"]), tag):
        return Reply(304, b"", *headers)
    return Reply(200, content, (b"content-type", media.encode()), *headers)
