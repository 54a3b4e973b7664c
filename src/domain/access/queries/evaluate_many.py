"""Decide many questions."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated, Final

from domain.access.answering import Answering
from domain.access.answers import Decided, Decision, Refused
from domain.access.asking import Asked, Evaluation, taken_apart
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock
from domain.kernel.schemas import Length
from domain.kernel.usecases import Query, interactor, message

INCOMPLETE: Final = Refused(400, "A required member is missing.")


class Semantic(StrEnum):
    """Which of the questions are answered: all of them, or those up to the first denial, or to the first permit."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


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
        asked = [_asked(each, actor) for each in request.evaluations]
        known = [each for each in asked if isinstance(each, Asked)]
        answering = await Answering.of(self.decisions, known, self.clock.now())
        found: list[Decision] = []
        for each in asked:
            found.append(await _decided(answering, each))
            if _ends(request.semantic, found[-1]):
                break
        return Decided(found)


def _asked(evaluation: Evaluation | None, actor: Actor) -> Asked | Refused:
    if evaluation is None:
        return INCOMPLETE
    try:
        return taken_apart(evaluation, actor)
    except OrganizationNotFound as refusal:
        return _refused(404, refusal)


async def _decided(answering: Answering, asked: Asked | Refused) -> Decision:
    if isinstance(asked, Refused):
        return Decision(decision=False, error=asked)
    try:
        return await answering.decide(asked)
    except Forbidden as refusal:
        return Decision(decision=False, error=_refused(403, refusal))
    except OrganizationNotFound as refusal:
        return Decision(decision=False, error=_refused(404, refusal))


def _refused(status: int, refusal: Forbidden | OrganizationNotFound) -> Refused:
    return Refused(status, type(refusal).__doc__ or refusal.code)


def _ends(semantic: Semantic, found: Decision) -> bool:
    match semantic:
        case Semantic.DENY_ON_FIRST_DENY:
            return not found.decision
        case Semantic.PERMIT_ON_FIRST_PERMIT:
            return found.decision
    return False
