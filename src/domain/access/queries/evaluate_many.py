"""Decide many questions."""

from asyncio import sleep
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated, Final

from domain.access.answering import Answering
from domain.access.answers import Decided, Decision, Refused
from domain.access.asking import Alike, Asked, Evaluation, take_many_apart
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Query, interactor, message

STRETCH: Final = 250
"""Questions that are answered before others get their turn, at most."""
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
        asked = list(take_many_apart(request.evaluations, actor, STRETCH))
        known = [each for each in asked if isinstance(each, Asked | Alike)]
        answering, number = await Answering.of(self.decisions, known, self.clock.now()), 0
        last = LAST.get(request.semantic)
        found: list[Decision] = []
        for each in asked:
            if isinstance(each, Asked | Alike):
                decided = await _decided(answering, each, number)
                number += 1
            else:
                decided = [Decision(decision=False, error=_refused(404, each) if each else INCOMPLETE)]
            if last is not None and (ends := [place for place, one in enumerate(decided) if one.decision is last]):
                return Decided([*found, *decided[: ends[0] + 1]])
            found += decided
            await sleep(0)
        return Decided(found)


async def _decided(answering: Answering, asked: Asked | Alike, number: int) -> Sequence[Decision]:
    try:
        if isinstance(asked, Alike):
            return answering.decide_alike(asked, number)
        return [await answering.decide(asked, number)]
    except Forbidden as refusal:
        error = _refused(403, refusal)
    except OrganizationNotFound as refusal:
        error = _refused(404, refusal)
    return [Decision(decision=False, error=error)] * (len(asked.names) if isinstance(asked, Alike) else 1)


def _refused(status: int, refusal: Forbidden | OrganizationNotFound) -> Refused:
    return Refused(status, type(refusal).__doc__ or refusal.code)
