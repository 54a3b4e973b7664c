"""Policy models that organizations bring along."""

from typing import Any

import pytest

from domain.access.commands.delete_policy_model import DeletePolicyModel
from domain.access.commands.put_policy_model import PutPolicyModel
from domain.access.policies.errors import (
    PolicyModelInvalid,
    PolicyModelNotFound,
    PolicySliceTooLarge,
    PolicyTooSlow,
    TooManyPolicyModels,
)
from domain.access.policies.models import MOST_MODELS
from domain.access.policies.schemas import PolicyDecisions, PolicyModelDetails
from domain.access.queries.evaluate_policy_model import EvaluatePolicyModel
from domain.access.queries.get_policy_model import GetPolicyModel
from domain.kernel.errors import OrganizationNotFound, PreconditionFailed, PreconditionRequired
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.kernel.tokens import Tokens
from tests.support.app import App

ROLES = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act, eft

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
RULES = """
# who may read
p, role:reader, data, read, allow
p, eve, data, read, deny

g, ada, role:writer
g, eve, role:reader
g, role:writer, role:reader
"""
SLOW = f"""
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {" || ".join(["g(r.sub, p.obj)"] * 20)} && r.obj == p.obj
"""
SLOW_RULES = "".join(f"p, s{n}, o{n}\ng, ada, role:{n}\n" for n in range(480))
HOSTILE = [
    "*",
    "role:x",
    "a,b",
    "a\nb",
    'a"b',
    "a'b",
    "p.*",
    "",
    "a b",
    "a" * 10_000,
    "a\0b",
    "é",
    "eval(r)",
    "{}",
]


@pytest.fixture
async def root(app: App) -> Tokens:
    return await app.administrator()


async def put(app: App, root: Tokens, model: str = ROLES, policy: str = RULES, **more: Any) -> PolicyModelDetails:
    wanted: dict[str, Any] = {"organization_id": PLATFORM, "name": "docs"} | more
    return await app.send(PutPolicyModel(model=model, policy=policy, **wanted), as_=root)


async def ask(app: App, root: Tokens, *requests: list[Any]) -> PolicyDecisions:
    return await app.send(EvaluatePolicyModel(organization_id=PLATFORM, name="docs", requests=[*requests]), as_=root)


async def test_decides_by_roles_and_denials(app: App, root: Tokens) -> None:
    await put(app, root)

    answer = await ask(app, root, *([who, "data", "read"] for who in ("ada", "eve", "bob")), ["ada", "data", "write"])

    assert answer == PolicyDecisions([True, False, False, False], [], 1)


async def test_shows_what_was_put(app: App, root: Tokens) -> None:
    made = await put(app, root)

    assert await app.send(GetPolicyModel(organization_id=PLATFORM, name="docs"), as_=root) == made
    assert made.model == ROLES
    assert made.policy.splitlines()[0] == "p, role:reader, data, read, allow"
    again = await put(app, root, policy=made.policy, expected_version=1)
    assert (again.policy, again.version) == (made.policy, 2)


async def test_f1_a_rule_that_was_taken_away_is_gone_with_the_next_question(app: App, root: Tokens) -> None:
    await put(app, root)
    assert (await ask(app, root, ["ada", "data", "read"])).decisions == [True]

    await put(app, root, policy=RULES.replace("g, ada, role:writer\n", ""), expected_version=1)

    assert (await ask(app, root, ["ada", "data", "read"])).decisions == [False]


async def test_a_model_is_replaced_only_by_whoever_knows_it(app: App, root: Tokens) -> None:
    with pytest.raises(PreconditionFailed):
        await put(app, root, expected_version=1)
    await put(app, root)
    with pytest.raises(PreconditionRequired):
        await put(app, root)
    with pytest.raises(PreconditionFailed):
        await put(app, root, expected_version=2)


async def test_what_is_deleted_is_not_found(app: App, root: Tokens) -> None:
    await put(app, root)
    with pytest.raises(PreconditionFailed):
        await app.send(DeletePolicyModel(organization_id=PLATFORM, name="docs", expected_version=7), as_=root)
    await app.send(DeletePolicyModel(organization_id=PLATFORM, name="docs"), as_=root)

    with pytest.raises(PolicyModelNotFound):
        await ask(app, root, ["ada", "data", "read"])
    with pytest.raises(PolicyModelNotFound):
        await app.send(DeletePolicyModel(organization_id=PLATFORM, name="docs"), as_=root)
    assert [fact.type for fact in app.facts][-2:] == ["access.policy_model.changed", "access.policy_model.deleted"]


async def test_an_organization_that_there_is_not_has_none(app: App, root: Tokens) -> None:
    with pytest.raises(OrganizationNotFound):
        await put(app, root, organization_id=OrganizationId(uuid7()))


async def test_an_organization_has_a_limited_number_of_models(app: App, root: Tokens) -> None:
    for number in range(MOST_MODELS):
        await put(app, root, policy="", name=f"m{number}")
    with pytest.raises(TooManyPolicyModels):
        await put(app, root, policy="", name="another")


async def test_f2_without_rules_nothing_is_allowed(app: App, root: Tokens) -> None:
    await put(app, root, policy="")

    assert (await ask(app, root, ["ada", "data", "read"])).decisions == [False]
    with pytest.raises(PolicyModelInvalid):
        await ask(app, root, ["", "", ""])


async def test_f3_chains_that_casbin_would_not_follow_are_refused(app: App, root: Tokens) -> None:
    chain = "".join(f"g, role:{n}, role:{n + 1}\n" for n in range(1, 8))
    rules = f"p, role:8, data, read, allow\ng, ada, role:1\n{chain}"
    await put(app, root, policy=rules)
    assert (await ask(app, root, ["ada", "data", "read"])).decisions == [True]

    with pytest.raises(PolicyModelInvalid) as refused:
        await put(app, root, policy=f"{rules}g, role:8, role:9\n", name="long")
    assert refused.value.errors[0].code == "depth"
    with pytest.raises(PolicyModelInvalid) as refused:
        await put(app, root, policy=f"{rules}g, role:8, role:1\n", name="round")
    assert refused.value.errors[0].code == "circle"


async def test_f5_nobody_is_what_they_are_called(app: App, root: Tokens) -> None:
    await put(app, root)

    with pytest.raises(PolicyModelInvalid):
        await ask(app, root, ["role:reader", "data", "read"])
    with pytest.raises(PolicyModelInvalid):
        await put(app, root, policy="g, ada, reader\n", expected_version=1)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a6_f6_names_are_names(app: App, root: Tokens, name: str) -> None:
    await put(app, root)
    if name != "role:x":  # which is the name of a role
        with pytest.raises(PolicyModelInvalid):
            await put(app, root, policy=f"p, {name}, data, read, allow", expected_version=1)
        with pytest.raises(PolicyModelInvalid):
            await put(app, root, policy=f"g, {name}, role:reader", expected_version=1)
        with pytest.raises(PolicyModelInvalid):
            await put(app, root, name=name)
    with pytest.raises(PolicyModelInvalid):
        await ask(app, root, [name, "data", "read"])


@pytest.mark.parametrize("name", ["r.sub", "__class__", "p.sub", "eval", "g", "True"])
async def test_a6_names_that_mean_something_elsewhere_mean_nothing(app: App, root: Tokens, name: str) -> None:
    await put(app, root, policy=f"p, {name}, data, read, allow\n")

    answer = await ask(app, root, [name, "data", "read"], ["ada", "data", "read"], [f"{name}x", "data", "read"])

    assert answer.decisions == [True, False, False]


async def test_every_line_that_is_wrong_is_named(app: App, root: Tokens) -> None:
    with pytest.raises(PolicyModelInvalid) as refused:
        await put(app, root, policy="p, ada, data, read, allow\np, ada\n\nq, ada\np, ada, data, read, perhaps\n")
    assert [error.field for error in refused.value.errors] == ["body/policy/2", "body/policy/4", "body/policy/5"]


async def test_a_model_that_takes_too_long_decides_nothing(app: App, root: Tokens) -> None:
    await put(app, root, SLOW, SLOW_RULES)
    with pytest.raises(PolicyTooSlow):
        await ask(app, root, *[["ada", "nothing"]] * 32)

    await put(app, root, expected_version=1)
    assert (await ask(app, root, ["ada", "data", "read"])).decisions == [True]


async def test_more_rules_than_can_be_evaluated_are_refused_and_never_evaluated_in_part(app: App, root: Tokens) -> None:
    await put(app, root, policy="".join(f"p, ada, o{n}, read, allow\n" for n in range(1001)))

    assert (await ask(app, root, ["bob", "o1", "read"])).decisions == [False]
    with pytest.raises(PolicySliceTooLarge):
        await ask(app, root, ["ada", "o1", "read"])


@pytest.mark.parametrize(
    "requests", [[], [["ada", "data", "read"]] * 33, [["ada", "data"]], [[{"id": "ada"}, "data", "read"]]]
)
async def test_questions_have_the_form_of_the_model(app: App, root: Tokens, requests: list[list[Any]]) -> None:
    await put(app, root)
    with pytest.raises(PolicyModelInvalid):
        await ask(app, root, *requests)
