"""Decide many questions."""

from asyncio import sleep
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated, Final

from domain.access.answering import Answering
from domain.access.answers import Decided, Decision, Refused
from domain.access.asking import Asked, Asking, Evaluation
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Query, interactor, message

STRETCH: Final = 250
"""Questions that are answered before others get their turn."""
INCOMPLETE: Final = Refused(400, "A required member is missing.")


class Semantic(StrEnum):
    """Which of the questions are answered: all of them, or those up to the first denial, or to the first permit."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


LAST: Final = {Semantic.DENY_ON_FIRST_DENY: False, Semantic.PERMIT_ON_FIRST_PERMIT: True}
"""The decision after which no more questions are answered."""


@message
class EvaluateMany(Query[Decided]):
    """Say of each of several questions what `EvaluateAccess` says of one, all as of one moment.

    A question that may not be asked, or is incomplete, is answered with `false` and the reason.
    """

    evaluations: Annotated[Sequence[Evaluation | None], Length(1, 1000)]
    """None for one that is incomplete."""
    semantic: Semantic = Semantic.EXECUTE_ALL
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN)
class EvaluateManyInteractor:
    decisions: Decisions
    clock: Clock

    async def __call__(self, request: EvaluateMany, actor: Actor) -> Decided:
        await self.decisions.refresh(request.at_least)
        asking = Asking(actor)
        asked = [_asked(each, asking) for each in request.evaluations]
        known = [each for each in asked if isinstance(each, Asked)]
        answering, number = await Answering.of(self.decisions, known, self.clock.now()), 0
        last = LAST.get(request.semantic)
        found: list[Decision] = []
        for each in asked:
            if isinstance(each, Refused):
                found.append(Decision(decision=False, error=each))
            else:
                # Most are answered at once: waiting for each would take longer than that.
                try:
                    found.append(answering.plain(number) or await answering.explained(number))
                except Forbidden as refusal:
                    found.append(Decision(decision=False, error=_refused(403, refusal)))
                except OrganizationNotFound as refusal:
                    found.append(Decision(decision=False, error=_refused(404, refusal)))
                number += 1
            if found[-1].decision is last:
                break
            if not len(found) % STRETCH:
                await sleep(0)
        return Decided(found)


def _asked(evaluation: Evaluation | None, asking: Asking) -> Asked | Refused:
    if evaluation is None:
        return INCOMPLETE
    try:
        return asking.take_apart(evaluation)
    except OrganizationNotFound as refusal:
        return _refused(404, refusal)


def _refused(status: int, refusal: Forbidden | OrganizationNotFound) -> Refused:
    return Refused(status, type(refusal).__doc__ or refusal.code)
