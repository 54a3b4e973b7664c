"""Refusals of the edge itself: requests that never become a message."""

from domain.kernel.errors import DomainError, Forbidden, Invalid, NotFound


class Malformed(Invalid):
    """The request cannot be read."""

    code = "request.malformed"


class CrossSite(Forbidden):
    """With cookies this takes `Session-Transport: cookie`, from a page of this service's own origin."""

    code = "request.cross_site"


class TooLarge(DomainError):
    """The body is larger than this service accepts."""

    code = "request.too_large"


class TooSlow(DomainError):
    """The body did not arrive in time."""

    code = "request.too_slow"


class NotJson(DomainError):
    """The body must be sent as `application/json`."""

    code = "request.unsupported_media_type"


class NotForm(DomainError):
    """The body must be sent as `application/x-www-form-urlencoded`."""

    code = "request.form_required"


class NoSuchPath(NotFound):
    """Nothing is served at this address."""

    code = "request.not_found"
