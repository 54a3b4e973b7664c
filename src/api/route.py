"""What is known of a generated route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from api.closed import Shape
from domain.kernel.errors import TooManyRequests
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import UseCase

ROUTE: Final = "route"


@dataclass(frozen=True, slots=True)
class Route:
    """What the OpenAPI document says of a generated route; it travels in `opt`."""

    case: UseCase
    segments: Mapping[str, Any]
    """The parameters of the path, and their types."""
    body: Shape | None
    """The fields that are members of the JSON body."""
    whole: tuple[str, Any] | None
    """The field that is the JSON body, and its type."""
    query: Shape
    """The fields that are parameters of the query."""
    matched: str | None
    """The field that `If-Match` fills."""
    status: int
    form: bool = False
    """Whether the body is a form, not JSON."""
    tells: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, and the fields of the result that they repeat."""
    cookie: str | None = None
    """The field that the cookie with the refresh token fills, for pages that keep it there."""
    forwarded: bool = False
    """Whether it is a proxy that asks, about a request of any method."""
    resumed: str | None = None
    """The field that `Last-Event-ID` fills."""
    media: str | None = None
    """The type of an answer that is sent in parts."""
    cookies: bool = False
    """Whether a token in a cookie is as good as one in `Authorization`; protocols between services take no cookies."""

    @property
    def hands_out(self) -> bool:
        """Whether it answers with tokens, which pages may want in cookies."""
        return self.case.result is Tokens

    @property
    def limited(self) -> bool:
        """Whether there is a limit that its callers are told of."""
        return self.case.paced or TooManyRequests in self.case.raises

    @property
    def changes(self) -> bool:
        """Whether the session of a browser, and what other sites make it send, could change something."""
        unsafe = self.case.writes or self.forwarded or self.sends is not None
        return self.cookies and self.case.access.signed_in and unsafe

    @property
    def sends(self) -> Any:
        """The type of the body, if there is one."""
        return self.body.struct if self.body else self.whole and self.whole[1]

    def __deepcopy__(self, _: Any) -> Self:
        # Litestar copies routers deeply; this never changes, and msgspec's part of it cannot be copied.
        return self
