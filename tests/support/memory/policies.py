"""Policy models in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.access.policies.errors import PolicyModelNotFound, PolicySliceTooLarge, TooManyPolicyModels
from domain.access.policies.models import MOST_MODELS, PolicyModel
from domain.access.policies.ports import MOST_SLICED, PolicyModels, PolicyReader, Rehearsal, Start
from domain.access.policies.rules import Rule
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId
from tests.support.memory.configuration import exists
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

MODELS = "policy_models"
"""By id."""
RULES = "policy_rules"
"""Of each model, by its id: its version, and its rules with the names that they are found by."""


@dataclass(frozen=True, slots=True)
class MemoryPolicyModels(PolicyModels):
    work: MemoryWork

    async def find(self, organization_id: OrganizationId, name: str) -> PolicyModel | None:
        if not exists(self.work.memory, organization_id):
            raise OrganizationNotFound
        return next((each for each in await self._of(organization_id) if each.name == name), None)

    async def add(self, model: PolicyModel) -> None:
        if len(await self._of(model.organization_id)) >= MOST_MODELS:
            raise TooManyPolicyModels
        (await self.work.begin()).table(MODELS).put(model.id, model)

    async def put_rules(self, model: PolicyModel, rules: Sequence[tuple[str, Rule]]) -> None:
        (await self.work.begin()).table(RULES).put(model.id, (model.version, tuple(rules)))

    async def remove(self, model: PolicyModel) -> None:
        tables = await self.work.begin()
        tables.table(MODELS).remove(model.id)
        tables.table(RULES).remove(model.id)

    async def _of(self, organization_id: OrganizationId) -> list[PolicyModel]:
        every: list[PolicyModel] = (await self.work.begin()).table(MODELS).values()
        return [each for each in every if each.organization_id == organization_id]


@dataclass(frozen=True, slots=True)
class MemoryRehearsal(Rehearsal):
    work: MemoryWork

    async def forget(self) -> None:
        claim = self.work.pending.claim
        await self.work.rollback()
        self.work.pending.claim = claim


@dataclass(frozen=True, slots=True)
class MemoryPolicyReader(PolicyReader):
    memory: Memory

    async def model(self, organization_id: OrganizationId, name: str) -> PolicyModel:
        for model in self.memory.table(MODELS).values():
            if (model.organization_id, model.name) == (organization_id, name):
                found: PolicyModel = model
                return found
        raise PolicyModelNotFound

    async def rules(self, model: PolicyModel) -> Sequence[Rule] | None:
        found = self._found(model)
        return None if found is None else [rule for _, rule in found]

    async def slice(self, model: PolicyModel, starts: Collection[Start], kind: str | None) -> Sequence[Rule] | None:
        found = self._found(model)
        if found is None:
            return None
        reached = {(each.kind, each.name) for each in starts}
        links = [(rule.kind, subject, rule.fields[1]) for subject, rule in found if rule.kind != "p"]
        while more := {(of, role) for of, member, role in links if (of, member) in reached} - reached:
            reached |= more
        rules = [
            rule
            for subject, rule in found
            if (kind is None and rule.kind == "p") or (kind if rule.kind == "p" else rule.kind, subject) in reached
        ]
        if len(rules) > MOST_SLICED:
            raise PolicySliceTooLarge
        return rules

    def _found(self, model: PolicyModel) -> Sequence[tuple[str, Rule]] | None:
        version, found = self.memory.table(RULES).get(model.id, (0, ()))
        rules: Sequence[tuple[str, Rule]] = found
        return rules if version == model.version else None
