"""Note which limits a request has met, for those that its caller may know of."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from domain.kernel.errors import TooManyRequests
from domain.kernel.ports import Allowance, Limits

ANNOUNCED: Final = frozenset(
    {
        *("change_email", "change_password", "command", "email_change", "export", "export_part", "forgot"),
        *(
            "invitation",
            "mailed_sign_in",
            "refresh",
            "password_change",
            "password_change_from",
            "reset",
            "revoke",
            "search",
            "setup",
            "show_invitation",
            "sign_in",
            "sign_in_mail",
            "sign_up",
            "verification_mail",
        ),
        *("verify_email", "webhook"),
    }
)
"""Limits of whoever asks. Those of an address that is asked about say whether others have asked: nobody is told."""


@dataclass(frozen=True, slots=True)
class Met:
    """A limit that a request has met."""

    name: str
    most: int
    seconds: int
    left: Allowance


noted: ContextVar[list[Met] | None] = ContextVar("noted", default=None)
"""What the request under way has met, if anybody wants to know."""


@dataclass(frozen=True, slots=True)
class AnnouncedLimits(Limits):
    """Notes what `limits` say."""

    limits: Limits

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`."""
        return self.limits.degraded

    async def hit(self, name: str, key: str, most: int, seconds: int) -> Allowance | None:
        """See `Limits.hit`."""
        notes = noted.get() if name in ANNOUNCED else None
        try:
            left = await self.limits.hit(name, key, most, seconds)
        except TooManyRequests as refusal:
            if notes is not None:
                notes.append(Met(name, most, seconds, Allowance(0, refusal.retry_after)))
            raise
        if notes is not None and left:
            notes.append(Met(name, most, seconds, left))
        return left

    async def clear(self, name: str, key: str) -> None:
        """See `Limits.clear`."""
        await self.limits.clear(name, key)
