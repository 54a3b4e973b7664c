"""Hear of revocations from the issuer.

Each question is a proof: what was committed before it was asked is in its answer. So the answer makes this process
fresh until `bound` seconds after the question, whatever happens afterwards. The next one is asked at once and held back
there for a quarter of the bound, unless there is something to say.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from logging import INFO, WARNING, getLogger
from typing import Final, NoReturn

import msgspec

from gatewright_verifier.asking import Issuer, NoAnswer
from gatewright_verifier.revocations import Revocations, WireMarker, unset_clock

PATH: Final = "/auth/revocations"
MOST: Final = 1 << 27
"""Bytes of an answer: 1.2 million markers, twice as many as are kept."""
FIRST: Final = 15.0
"""Seconds that the first answer may take, which has every live marker; the issuer gives itself ten to read them."""
TIDY: Final = 60.0
_log = getLogger(__name__)


class Dismissed(NoAnswer):
    """The credential of this service is good no longer."""


class Heard(msgspec.Struct, frozen=True):
    """What the issuer answers: markers, and the cursor of those that will follow."""

    markers: list[WireMarker]
    next: str


@dataclass(slots=True)
class RevocationFollower:
    """Keep `revocations` current."""

    issuer: Issuer
    revocations: Revocations
    bound: float = 2.0
    monotonic: Callable[[], float] = unset_clock
    dismissed: Callable[[], Awaitable[None]] | None = None
    """Called when the credential is refused: it may have gone with the key that signed it."""
    _cursor: str | None = field(default=None, init=False)
    _hears: bool = field(default=True, init=False)
    _tidied: float = field(default=0.0, init=False)

    async def run(self) -> NoReturn:
        """Follow until cancelled, whatever is lost on the way."""
        while True:
            try:
                await self.pull(wait=self.bound / 4)
                self._tell(hears=True)
            except NoAnswer as error:
                self._tell(hears=False, why=error)
                if isinstance(error, Dismissed) and self.dismissed:
                    await self.dismissed()
                await asyncio.sleep(self.bound / 8)
            if self.monotonic() >= self._tidied + TIDY:
                self._tidied = self.monotonic()
                self.revocations.forget()

    async def pull(self, wait: float = 0.0) -> None:
        """Ask for what is new, and let the issuer wait for it for `wait` seconds; raise `NoAnswer`."""
        asked, first = self.monotonic(), self._cursor is None
        heard = await self._ask({"wait": f"{wait:g}"} if wait else {}, wait)
        await self.revocations.take_in(heard.markers)
        self._cursor = heard.next
        if first and self.monotonic() > asked + self.bound / 2:
            # Every live marker took its time, of which little or none is left to be fresh in.
            await self.pull()
        self.revocations.fresh_until = max(asked + self.bound, self.revocations.fresh_until)

    async def _ask(self, query: dict[str, str], wait: float) -> Heard:
        cursor = self._cursor
        if cursor is not None:
            query = {"after": cursor, **query}
        patience = FIRST if cursor is None else max(self.bound * 3 / 4, wait)
        answer = await self.issuer.get(PATH, patience=patience, most=MOST, params=query)
        if answer.status in {400, 410}:
            # The log was replaced, by a backup for example: what it has to say now is asked for from the start.
            self._cursor = None
        if answer.status == 401:  # noqa: PLR2004 - unauthorized
            raise Dismissed("the credential of this service is expired, revoked or missing")
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise NoAnswer(_WHY.get(answer.status, f"status {answer.status}"))
        try:
            return _heard.decode(answer.body)
        except msgspec.DecodeError as error:
            raise NoAnswer(f"an answer that cannot be read: {error}") from error

    def _tell(self, *, hears: bool, why: Exception | None = None) -> None:
        if hears != self._hears:
            self._hears = hears
            level, said = _SAID[hears]
            _log.log(level, said, f": {why}" if why else "")


_heard: Final = msgspec.json.Decoder(Heard)
_WHY: Final = {403: "the credential of this service lacks `revocations:read` on the platform"}
_SAID: Final = {
    True: (INFO, "revocations are heard again%s"),
    False: (WARNING, "revocations cannot be heard; once the bound has passed the policy applies%s"),
}
