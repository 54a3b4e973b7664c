"""Refusals as RFC 9457 problem details, at run time and in OpenAPI."""

import logging
from collections.abc import Iterable, Iterator
from inspect import getdoc
from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException
from msgspec import Struct

from api import rate_limits
from api.refusals import CrossSite, Malformed, NoSuchPath, NotForm, NotJson, TooLarge, TooSlow
from api.reply import PROBLEM, Reply, encode
from domain.identity.errors import PasswordHashUnusable
from domain.kernel.access import ANYONE
from domain.kernel.errors import (
    ConcurrentChange,
    Conflict,
    CursorGone,
    CursorInvalid,
    DomainError,
    FieldError,
    Forbidden,
    IdempotencyInFlight,
    IdempotencyMismatch,
    Invalid,
    InvalidToken,
    NotFound,
    OrganizationNotFound,
    PreconditionFailed,
    PreconditionRequired,
    ReauthenticationRequired,
    RetryLater,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from domain.kernel.usecases import UseCase

STATUS: Final[dict[type[DomainError], int]] = {
    Conflict: 409,
    CursorGone: 410,
    CursorInvalid: 400,
    Forbidden: 403,
    Invalid: 422,
    Malformed: 400,
    NotForm: 415,
    NotFound: 404,
    NotJson: 415,
    PasswordHashUnusable: 400,
    PreconditionFailed: 412,
    PreconditionRequired: 428,
    RetryLater: 503,
    TooLarge: 413,
    TooManyRequests: 429,
    TooSlow: 408,
    Unauthenticated: 401,
}
"""A capability refuses by subclasses of these; the nearest base class decides."""
CHALLENGE: Final = (b"www-authenticate", b"Bearer")
REJECTED: Final = (b"www-authenticate", b'Bearer error="invalid_token"')
OUTDATED: Final = (
    b'Bearer error="insufficient_user_authentication", error_description="A more recent authentication is required"'
)
FAILED: Final = (500, "service.failed", "Something went wrong on our side.")
OTHERS: Final = {
    400: ("request.malformed", "The request cannot be read."),
    401: ("access.unauthenticated", "Sign in first."),
    403: ("access.forbidden", "The actor may not do this."),
    404: ("request.not_found", "Nothing is served at this address."),
    405: ("request.method_not_allowed", "The method is not allowed here."),
    413: ("request.too_large", "The body is larger than this service accepts."),
    415: ("request.unsupported_media_type", "The body is of a kind that is not taken here."),
    429: ("request.too_many", "Too many requests; wait before the next one."),
    503: ("service.unavailable", "Something this request needs cannot be reached; try again after a moment."),
}
"""What the framework refuses by itself."""
EXAMPLE: Final = "0af7651916cd43dd8448eb211c80319c"
PASSED_ON: Final = frozenset({"allow", "location", "retry-after", "www-authenticate"})

log: Final = logging.getLogger("gatewright.http")


class Problem(Struct, frozen=True, omit_defaults=True):
    """Why a request was refused. `code` is permanent; `errors` names the fields that caused it."""

    type: str
    title: str
    status: int
    code: str
    trace_id: str
    detail: str | None = None
    errors: list[FieldError] = []


def status_of(error: type[DomainError]) -> int:
    """Return the status of the nearest base class that has one, or raise `TypeError`: there is none."""
    for kind in error.__mro__:
        if kind in STATUS:
            return STATUS[kind]
    raise TypeError(f"{error.__name__} extends none of the refusals that have a status")


def problem(
    error: type[DomainError], trace_id: str, detail: str | None = None, errors: Iterable[FieldError] = ()
) -> Problem:
    """Describe `error`: one that happened in the request `trace_id`, or all of its kind."""
    return _problem(status_of(error), error.code, getdoc(error) or error.__name__, trace_id, detail, errors)


def refuse(request: Request[Any, Any, Any], error: Exception) -> Reply:
    """Answer a request that came to nothing; say no more than the caller may know."""
    trace_id: str = request.scope.get("trace_id", "")  # type: ignore[assignment]  # ours, beside what Litestar declares
    match error:
        case DomainError() if any(kind in STATUS for kind in type(error).__mro__):
            return refused(error, trace_id, rate_limits.met_by(request.scope))
        case HTTPException(status_code=status, headers=given) if status in OTHERS:
            kept = [(name.lower(), value) for name, value in (given or {}).items() if name.lower() in PASSED_ON]
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]
            return _reply(_problem(status, *OTHERS[status], trace_id), *headers)
    return failed(error, trace_id, request.scope.get("path_template", ""))


def refused(error: DomainError, trace_id: str, more: Iterable[tuple[bytes, bytes]] = ()) -> Reply:
    """Answer a request that the domain, or the edge before it, refused."""
    return _reply(problem(type(error), trace_id, error.detail, error.errors), *_headers(error), *more)


def failed(error: BaseException, trace_id: str, route: str) -> Reply:
    """Answer a request that failed by our own fault, and log why."""
    log.error("request failed", exc_info=error, extra={"trace_id": trace_id, "route": route})
    return _reply(_problem(*FAILED, trace_id))


def refusals(
    case: UseCase,
    *,
    path: bool = False,
    body: type[DomainError] | None = None,
    if_match: bool = False,
    crossed: bool = False,
) -> list[Problem]:
    """Return every refusal of a route of `case`: those it declares, and those of the pipeline and the edge.

    `body` is what a body of another kind than the route takes is refused with. `crossed` means that other sites may
    make a browser send such requests.
    """
    found = {*case.raises, *_of_pipeline(case), Malformed, TooLarge, TooSlow, Unavailable}
    if path:
        found |= {NoSuchPath}
    if body:
        found |= {body}
    if crossed:
        found |= {CrossSite}
    if if_match:
        found |= {PreconditionFailed, PreconditionRequired}
    return sorted((problem(each, EXAMPLE) for each in found), key=lambda each: (each.status, each.code))


def _of_pipeline(case: UseCase) -> Iterator[type[DomainError]]:
    if case.access != ANYONE:
        yield from (InvalidToken, Unauthenticated)
    if case.paced:
        yield TooManyRequests
    if case.access.permission:
        yield Forbidden
    if case.access.recent:
        yield ReauthenticationRequired
    if case.access.within:
        yield OrganizationNotFound
    if case.writes:
        yield from (ConcurrentChange, IdempotencyInFlight)
        if case.access.signed_in:  # whoever is nobody can use a key again: who they are includes what they send
            yield IdempotencyMismatch


def _problem(
    status: int, code: str, title: str, trace_id: str, detail: str | None = None, errors: Iterable[FieldError] = ()
) -> Problem:
    return Problem(f"/auth/errors#{code}", title, status, code, trace_id, detail, list(errors))


def _headers(error: DomainError) -> list[tuple[bytes, bytes]]:
    match error:
        case RetryLater():
            return [(b"retry-after", b"%d" % error.retry_after)]
        case InvalidToken():
            return [REJECTED]
        case ReauthenticationRequired():
            return [(b"www-authenticate", b'%b, max_age="%d"' % (OUTDATED, error.max_age))]
        case Unauthenticated():
            return [CHALLENGE]
    return []


def _reply(found: Problem, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(found.status, encode(found), PROBLEM, *headers)
