"""Decide one question."""

from collections.abc import Collection

from domain.access.answering import Answering
from domain.access.answers import Decision
from domain.access.asking import Evaluation, take_apart
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock
from domain.kernel.usecases import Query, interactor, message


@message
class EvaluateAccess(Query[Decision]):
    """Say whether a subject may do something with a resource.

    About oneself anyone may ask in their organizations; about others it takes `access:check` there. What the asker may
    not see is answered as if it were not there: with `false`. Whoever enforces decisions needs `visibility:bypass`.
    """

    evaluation: Evaluation
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(Forbidden, OrganizationNotFound))
class EvaluateAccessInteractor:
    decisions: Decisions
    clock: Clock

    async def __call__(self, request: EvaluateAccess, actor: Actor) -> Decision:
        await self.decisions.refresh(request.at_least)
        asked = take_apart(request.evaluation, actor)
        return await (await Answering.of(self.decisions, [asked], self.clock.now())).decide(asked)
