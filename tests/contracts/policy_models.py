"""What every `PolicyModels` and `PolicyReader` promises."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol

import pytest

from domain.access.policies.errors import PolicyModelNotFound, PolicySliceTooLarge, TooManyPolicyModels
from domain.access.policies.events import PolicyModelChanged, PolicyModelDeleted
from domain.access.policies.models import MOST_MODELS, PolicyModel
from domain.access.policies.ports import EQUAL, MOST_SLICED, PolicyModels, PolicyReader, Start
from domain.access.policies.rules import Rule
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, uuid7

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RULES = (
    Rule("g", ("bob", "role:lead")),
    Rule("p", ("role:reader", "data", "read")),
    Rule("g", ("ada", "role:writer")),
    Rule("p", ("bob", "data", "write")),
    Rule("g", ("role:writer", "role:reader")),
    Rule("g2", ("data", "role:things")),
    Rule("g2", ("ada", "role:reader")),
    Rule("p", ("ada", "data", "read")),
)


class Shelf(Protocol):
    """A store with an organization in it."""

    organization_id: OrganizationId
    reader: PolicyReader

    def command(self) -> AbstractAsyncContextManager[tuple[PolicyModels, Events]]:
        """Begin a command; commit at the end, roll back on an error."""


def model(organization_id: OrganizationId, name: str = "docs") -> PolicyModel:
    return PolicyModel(organization_id=organization_id, name=name, text="é\n", created_at=NOW, updated_at=NOW)


async def put(shelf: Shelf, *rules: Rule, name: str = "docs") -> PolicyModel:
    """Put a model with these rules, found by their first field, in place of what there is."""
    async with shelf.command() as (models, events):
        before = await models.find(shelf.organization_id, name)
        made = before or model(shelf.organization_id, name)
        changed = PolicyModelChanged(organization_id=shelf.organization_id, policy_model_id=made.id, name=name)
        events.emit(changed, of=made)
        if not before:
            await models.add(made)
        await models.put_rules(made, [(rule.fields[0], rule) for rule in rules])
    return await shelf.reader.model(shelf.organization_id, name)


class PolicyModelsContract:
    """Subclasses provide the fixture `shelf`, with a new organization for each test."""

    async def test_returns_what_was_put_in_order(self, shelf: Shelf) -> None:
        made = await put(shelf, *RULES)

        assert (made.text, made.created_at, made.version) == ("é\n", NOW, 1)
        assert await shelf.reader.rules(made) == [*RULES]

    async def test_a_new_version_has_its_own_rules_and_the_old_one_none(self, shelf: Shelf) -> None:
        first = await put(shelf, *RULES)
        second = await put(shelf, RULES[1])

        assert (second.id, second.version) == (first.id, 2)
        assert await shelf.reader.rules(second) == [RULES[1]]
        assert await shelf.reader.rules(first) is None
        assert await shelf.reader.slice(first, [Start("g", "ada")], "g") is None

    async def test_a7_a_slice_follows_groupings_from_its_names_and_keeps_the_order(self, shelf: Shelf) -> None:
        made = await put(shelf, *RULES)

        async def lines(kind: str | None, *starts: Start) -> list[int]:
            found = await shelf.reader.slice(made, starts, kind)
            assert found is not None
            return [RULES.index(rule) for rule in found]

        assert await lines("g", Start("g", "ada")) == [1, 2, 4, 7]
        assert await lines("g", Start("g", "bob")) == [0, 3]
        assert await lines("g", Start("g", "bob"), Start("g", "ada")) == [0, 1, 2, 3, 4, 7]
        assert await lines("g", Start("g", "ada"), Start("g2", "data")) == [1, 2, 4, 5, 7]
        assert await lines(EQUAL, Start(EQUAL, "ada")) == [7]
        assert await lines("g", Start("g", "nobody")) == []
        assert await lines(None, Start("g", "nobody")) == [1, 3, 7]
        assert await lines(None) == [1, 3, 7]

    async def test_a_slice_too_large_is_refused_and_the_largest_is_whole(self, shelf: Shelf) -> None:
        rules = [Rule("p", ("ada", f"o{number}", "read")) for number in range(MOST_SLICED)]
        largest = await put(shelf, *rules, Rule("p", ("bob", "o", "read")))
        assert await shelf.reader.slice(largest, [Start(EQUAL, "ada")], EQUAL) == rules

        with pytest.raises(PolicySliceTooLarge):
            await shelf.reader.slice(largest, [], None)

    async def test_f6_any_name_is_only_a_name(self, shelf: Shelf) -> None:
        hostile = Rule("p", ("a,b\np, x", "q\"'", "r.sub || True"))
        made = await put(shelf, hostile)

        assert await shelf.reader.slice(made, [Start(EQUAL, "a,b\np, x")], EQUAL) == [hostile]
        assert await shelf.reader.slice(made, [Start(EQUAL, "%")], EQUAL) == []

    async def test_what_is_removed_is_not_found(self, shelf: Shelf) -> None:
        made = await put(shelf, *RULES)
        async with shelf.command() as (models, events):
            found = await models.find(shelf.organization_id, "docs")
            assert found
            await models.remove(found)
            gone = PolicyModelDeleted(organization_id=shelf.organization_id, policy_model_id=found.id, name="docs")
            events.emit(gone, of=found)

        with pytest.raises(PolicyModelNotFound):
            await shelf.reader.model(shelf.organization_id, "docs")
        assert await shelf.reader.rules(made) is None

    async def test_a1_models_are_those_of_one_organization(self, shelf: Shelf) -> None:
        await put(shelf, *RULES)

        with pytest.raises(PolicyModelNotFound):
            await shelf.reader.model(OrganizationId(uuid7()), "docs")
        with pytest.raises(PolicyModelNotFound):
            await shelf.reader.model(shelf.organization_id, "Docs")
        async with shelf.command() as (models, _):
            with pytest.raises(OrganizationNotFound):
                await models.find(OrganizationId(uuid7()), "docs")

    async def test_there_are_so_many_and_no_more(self, shelf: Shelf) -> None:
        for number in range(MOST_MODELS):
            await put(shelf, name=f"m{number}")

        with pytest.raises(TooManyPolicyModels):
            await put(shelf, name="another")

    async def test_what_fails_leaves_everything_as_it_was(self, shelf: Shelf) -> None:
        made = await put(shelf, *RULES)

        async def fail() -> None:
            async with shelf.command() as (models, _):
                found = await models.find(shelf.organization_id, "docs")
                assert found
                await models.put_rules(found, [])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await shelf.reader.rules(made) == [*RULES]
