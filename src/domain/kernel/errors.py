"""Outcomes a caller can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A refusal. `code` is public and permanent; the docstring is what callers read.

    `detail` may say more about this one occurrence, `errors` which fields caused it. Neither may repeat a secret.
    A refusal is raised anew each time: an instance shared between requests would carry one caller's detail to another.
    """

    code: ClassVar[str]
    keeps_work: ClassVar[bool] = False
    """Commit what the command did before it refused: a failed sign-in must still count."""

    noted: ClassVar[bool] = True
    """Whether the audit trail says so even of a caller who is nobody. What anyone can bring about as often as they
    like, at no cost to them, would only fill it.
    """

    def __init__(self, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.errors = tuple(errors)


class Invalid(DomainError):
    """The request breaks a rule of the domain."""

    noted = False


class NameInvalid(Invalid):
    """A name has 1 to 100 characters, and none that are invisible or change the direction of the text."""

    code = "request.name_invalid"


class AddressRefused(Invalid):
    """The address is none that this service calls: https, by a full name, all of whose addresses are public."""

    code = "request.address_refused"


class Unauthenticated(DomainError):
    """Sign in first."""

    code = "access.unauthenticated"


class InvalidToken(Unauthenticated):
    """The token is expired, revoked, or none of ours."""

    code = "access.invalid_token"


class ReauthenticationRequired(Unauthenticated):
    """Sign in again: this takes a proof of who you are that is more recent."""

    code = "access.insufficient_user_authentication"

    def __init__(self, max_age: int) -> None:
        super().__init__()
        self.max_age = max_age
        """How many seconds old the proof may be (RFC 9470, section 3)."""


class Forbidden(DomainError):
    """The actor may not do this."""

    code = "access.forbidden"


class BypassRequired(Forbidden):
    """What is common to all is changed by those who see all of it: this takes `visibility:bypass` there."""

    code = "visibility.bypass_required"


class NotFound(DomainError):
    """No such thing, or none the actor may see."""


class OrganizationNotFound(NotFound):
    """There is no such organization, or none that the actor belongs to."""

    code = "organizations.organization_not_found"


class Conflict(DomainError):
    """The request contradicts the current state."""


class ConcurrentChange(Conflict):
    """Someone else changed this at the same moment; read it again and repeat the request."""

    code = "request.concurrent_change"


class PreconditionFailed(DomainError):
    """It has changed since the version that `If-Match` names."""

    code = "request.precondition_failed"


class PreconditionRequired(DomainError):
    """Say which version is to be replaced, in `If-Match`."""

    code = "request.precondition_required"


class CursorInvalid(Invalid):
    """The cursor is not one of this list, or no longer one."""

    code = "request.cursor_invalid"


class CursorGone(DomainError):
    """The cursor belongs to a log that was replaced; start again from a snapshot."""

    code = "request.cursor_gone"


class IdempotencyMismatch(Invalid):
    """This `Idempotency-Key` was used for another request."""

    code = "request.idempotency_key_reused"


class IdempotencyInFlight(Conflict):
    """The request with this `Idempotency-Key` is still being worked on."""

    code = "request.idempotency_key_in_flight"
    noted = False


class RetryLater(DomainError):
    """A refusal that ends by itself after `retry_after` seconds."""

    noted = False

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__()
        self.retry_after = retry_after


class Overloaded(RetryLater):
    """Too much work is waiting already; try again after a moment."""

    code = "service.overloaded"


class Unavailable(RetryLater):
    """Something this request needs cannot be reached; try again after a moment."""

    code = "service.unavailable"


class TooManyRequests(RetryLater):
    """Too many requests; wait before the next one."""

    code = "request.too_many"
