"""Decide one question, and say why."""

from collections.abc import Collection
from dataclasses import replace

from domain.access.answering import Answering
from domain.access.answers import Decision
from domain.access.asking import Evaluation, take_apart
from domain.access.ports import Decisions
from domain.kernel.access import SIGNED_IN, Actor, Permission
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ports import Clock
from domain.kernel.usecases import Query, interactor, message


@message
class ExplainAccess(Query[Decision]):
    """Say whether a subject may do something with a resource, and why or what is missing.

    About oneself anyone may ask in their organizations; about others it takes `access:explain` there. Grants are named
    to those who may read them, visibility groups to those with `visibility:read`.
    """

    evaluation: Evaluation
    at_least: Collection[ConsistencyToken] = ()


@interactor(access=SIGNED_IN, raises=(Forbidden, OrganizationNotFound))
class ExplainAccessInteractor:
    decisions: Decisions
    clock: Clock

    async def __call__(self, request: ExplainAccess, actor: Actor) -> Decision:
        await self.decisions.refresh(request.at_least)
        circumstances = replace(request.evaluation.circumstances, explain=True)
        asked = take_apart(replace(request.evaluation, circumstances=circumstances), actor)
        answering = await Answering.of(self.decisions, [asked], self.clock.now(), Permission.ACCESS_EXPLAIN)
        return await answering.decide(asked)
