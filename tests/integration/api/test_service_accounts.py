"""Service accounts over HTTP: their life, and decisions about them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import refused
from tests.integration.api.office import Office, Person
from tests.support.client import Client

MANAGING = ("service_accounts:read", "service_accounts:write", "roles:read")
ASKING = ("access:check", "access:explain", "grants:read", "visibility:read", "visibility:bypass")


@pytest.fixture
async def office(call: Client, api_url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(api_url)
    yield await Office(call, connection).open()
    await connection.close()


class Robots:
    """Makes service accounts over HTTP, and asks about them."""

    def __init__(self, office: Office, manager: Person, asker: Person) -> None:
        self.office, self.manager, self.asker = office, manager, asker
        self.path = f"/auth/organizations/{office.id}/service-accounts"

    @classmethod
    async def of(cls, office: Office, *more: str) -> "Robots":
        return cls(office, await office.member(*MANAGING, *more), await office.member(*ASKING))

    async def send(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        given = self.manager.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.office.call.send(method, f"{self.path}{path}", body, given)

    async def new(self, name: str = "Robot", **more: str) -> "Robot":
        answer = await self.send("POST", "", {"name": name, **more})
        assert answer.status == 201, answer
        return Robot(UUID(answer.json()["id"]), {})

    async def answer(self, kind: str, robot: Person, action: str, name: str) -> dict[str, Any]:
        answer = await self.office.ask(self.asker, kind, self.office.question(robot, action, name))
        assert answer.status == 200, answer
        return dict(answer.json())

    async def may(self, robot: Person, action: str = "read", name: str = "page") -> bool:
        return bool((await self.answer("evaluation", robot, action, name))["decision"])

    async def why(self, robot: Person, action: str = "read", name: str = "page") -> dict[str, Any]:
        return dict((await self.answer("explain", robot, action, name))["context"]["explanation"])


class Robot(Person):
    """A service account, as questions name it."""

    @property
    def subject(self) -> dict[str, Any]:
        return {"type": "service_account", "id": str(self.id)}


async def test_the_life_of_a_service_account(office: Office) -> None:
    robots = await Robots.of(office)
    key = str(uuid4())
    made = await robots.send("POST", "", {"name": "Robot", "description": "Sweeps"}, idempotency_key=key)
    assert (made.status, made.headers["etag"]) == (201, '"1"')
    again = await robots.send("POST", "", {"name": "Robot", "description": "Sweeps"}, idempotency_key=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (made.json(), "true")
    refused(await robots.send("POST", "", {"name": "Robot"}), 409, "identity.service_account_name_taken")
    refused(await robots.send("POST", "", {"name": "\u200b"}), 422, "request.name_invalid")
    refused(
        await robots.send("POST", "", {"name": "A", "description": "\x07"}),
        422,
        "identity.service_account_description_invalid",
    )
    refused(await robots.send("POST", "", {"name": "A", "is_active": False}), 400, "request.malformed")

    one = f"/{made.json()['id']}"
    read = await robots.send("GET", one)
    assert (read.json(), read.headers["etag"]) == (made.json(), '"1"')
    renamed = await robots.send("PATCH", one, {"name": "Golem"}, if_match='"1"')
    assert (renamed.status, renamed.json()["name"], renamed.headers["etag"]) == (200, "Golem", '"2"')
    for method, path in (("PATCH", one), ("DELETE", one), ("POST", f"{one}/activate"), ("POST", f"{one}/deactivate")):
        stale = await robots.send(method, path, {} if method == "PATCH" else None, if_match='"1"')
        refused(stale, 412, "request.precondition_failed")
    assert (await robots.send("POST", f"{one}/deactivate")).status == 204
    assert (await robots.send("GET", one)).json()["is_active"] is False
    assert (await robots.send("POST", f"{one}/activate", if_match='"3"')).status == 204
    await robots.new("Other")
    first = (await robots.send("GET", "?limit=1")).json()
    rest = (await robots.send("GET", f"?limit=1&cursor={first['next']}")).json()
    assert [each["items"][0]["name"] for each in (first, rest)] == ["Other", "Golem"]
    assert rest["next"] is None
    assert (await robots.send("DELETE", one)).status == 204
    refused(await robots.send("GET", one), 404, "identity.service_account_not_found")


async def test_e19_a8_what_is_granted_to_it_is_decided_until_it_is_withdrawn(office: Office) -> None:
    robots = await Robots.of(office)
    robot, other = await robots.new(), await robots.new("Other")
    folder = await office.resource("folder")
    await office.resource("page", folder, status="open")
    reader, writer = await office.role("document:read"), await office.role("document:write")
    assert not await robots.may(robot)
    await office.grant(robot, reader, folder, below=True)
    await office.grant(robot, writer, condition={"resource.status": {"eq": "open"}})
    burner = await office.role("document:burn")
    await office.grant(robot, burner, condition={"subject.email_verified": {"eq": False}})

    for action, name, expected in (
        ("read", "page", True),
        ("read", "nowhere", False),
        ("write", "page", True),
        ("write", "folder", False),
        ("burn", "page", False),
    ):
        assert await robots.may(robot, action, name) is expected, (action, name)
        assert not await robots.may(other, action, name)
    deny = await office.grant(robot, reader, effect="deny")
    assert not await robots.may(robot)
    await office.run("DELETE FROM grants WHERE id = $1", deny)
    assert await robots.may(robot)
    assert (await robots.send("POST", f"/{robot.id}/deactivate")).status == 204
    assert not await robots.may(robot)
    assert (await robots.why(robot))["reason"] == "inactive"


async def test_whoever_is_named_by_another_type_is_nobody(office: Office) -> None:
    robots = await Robots.of(office)
    robot, ada = await robots.new(), await office.member("document:read")
    await office.resource("page")
    await office.grant(robot, await office.role("document:read"))

    for wrong in (Person(robot.id, {}), Robot(ada.id, {}), Robot(uuid7(), {})):
        assert not await robots.may(wrong)
        assert await robots.why(wrong) == {"reason": "not_found", "grants": [], "missing": None}
    # About oneself one may ask: by one's own type.
    asked = await office.ask(ada, "evaluation", office.question(Robot(ada.id, {}), "read", "page"))
    refused(asked, 403, "access.forbidden")
    body = office.question(robot, "read", "page") | {"evaluations": [{}, {"subject": Person(robot.id, {}).subject}]}
    answer = (await office.ask(robots.asker, "evaluations", body)).json()
    assert [each["decision"] for each in answer["evaluations"]] == [True, False]


async def test_a2_of_another_organization_it_is_nobody(office: Office, api_url: str) -> None:
    ours = await Robots.of(office)
    theirs = await Robots.of(await Office(office.call, office.connection).open())
    await office.resource("page")
    stranger = await theirs.new()
    # As only a repair by hand could do it.
    await office.grant(stranger, await office.role("document:read"))

    assert not await ours.may(stranger)
    assert (await ours.why(stranger))["reason"] == "not_found"
    assert await found(ours, "search/subject", office.question(stranger, "read", "page")) == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/activate"), ("POST", "/deactivate")):
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        for account_id in (stranger.id, uuid7()):
            answer = await ours.send(method, f"/{account_id}{path}", body)
            refused(answer, 404, "identity.service_account_not_found")


async def test_a_wall_is_passed_by_who_may_pass_it_only_and_explanations_say_so(office: Office) -> None:
    robots = await Robots.of(office)
    robot = await robots.new()
    page = await office.resource("page")
    group = await office.wall(page)
    bypass, reader = await office.role("visibility:bypass"), await office.role("document:read")
    deny = await office.grant(robot, bypass, effect="deny")

    why = await robots.why(robot)
    assert (why["reason"], why["missing"]["join"], why["missing"]["withdraw"]) == ("not_visible", [], [str(deny)])
    assert why["missing"]["bypass"] == {"permission": "visibility:bypass", "on": None, "below": False}
    assert why["missing"]["grant"]["permission"] == "document:read"
    await office.run("DELETE FROM grants WHERE id = $1", deny)
    await office.grant(robot, reader, page)
    assert not await robots.may(robot)
    grant = await office.grant(robot, bypass)
    assert await robots.may(robot)
    (proof,) = (await robots.why(robot))["grants"]
    assert (proof["service_account_id"], proof["user_id"], proof["team_id"]) == (str(robot.id), None, None)
    await office.run("DELETE FROM grants WHERE id = $1", grant)

    path = f"/auth/organizations/{office.id}"
    everything = await office.member("visibility:read", "visibility:write", "visibility:bypass", "teams:write")
    for within in (f"visibility-groups/{group}/members", f"visibility-groups/{group}/contents"):
        answer = await office.call.send("POST", f"{path}/{within}", {"user_id": str(robot.id)}, everything.headers)
        assert answer.status == 404, answer


async def found(robots: Robots, search: str, body: dict[str, Any], limit: int = 2) -> list[str]:
    """Return everything that is found, page by page."""
    ids: list[str] = []
    token = ""
    while True:
        page = {"limit": limit, **({"token": token} if token else {})}
        answer = await robots.office.ask(robots.asker, search, body | {"page": page})
        assert answer.status == 200, answer
        said = answer.json()
        ids += [each.get("id") or each["name"] for each in said["results"]]
        assert {each["type"] for each in said["results"] if "type" in each} <= {"service_account", "document"}
        if not (token := said["page"]["next_token"]):
            return ids


async def test_searches_are_what_checks_say(office: Office) -> None:
    robots = await Robots.of(office)
    several = [await robots.new(str(number)) for number in range(5)]
    ada = await office.member("document:read", "document:print")
    reader = await office.role("document:read", "document:print")
    for name in ("one", "two", "three"):
        await office.resource(name)
    here = await office.resource("here")
    await office.wall(here)
    for each in several[1:4]:
        await office.grant(each, reader)
    await office.grant(several[2], await office.role("visibility:bypass"))
    names = ["one", "two", "three", "here"]

    for name in names:
        allowed = sorted([str(each.id) for each in several if await robots.may(each, "read", name)])
        body = office.question(several[0], "read", name)
        ids = await found(robots, "search/subject", body)
        assert [each for each in ids if each in {str(robot.id) for robot in several}] == allowed
        assert str(ada.id) not in ids
        people = await office.ask(robots.asker, "search/subject", body | {"subject": {"type": "user"}})
        assert not {each["id"] for each in people.json()["results"]} & {str(each.id) for each in several}
    for each in several:
        body = office.question(each, "read", "") | {"resource": {"type": "document"}}
        assert await found(robots, "search/resource", body) == [
            name for name in names if await robots.may(each, "read", name)
        ]
        actions = await found(robots, "search/action", office.question(each, "", "here"))
        assert actions == [one for one in ("print", "read") if await robots.may(each, one, "here")]
        wrong = body | {"subject": {"type": "user", "id": str(each.id)}}
        assert await found(robots, "search/resource", wrong) == []


async def test_grants_shares_and_policies_name_it(office: Office) -> None:
    owner = await office.member()
    await office.run(
        "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at) SELECT $1, $2, 'user',"
        " $3, id, now() FROM roles WHERE organization_id IS NULL AND name = 'owner'",
        uuid7(),
        office.id,
        owner.id,
    )
    robots = Robots(office, owner, owner)
    robot, page = await robots.new(), await office.resource("page")
    path = f"/auth/organizations/{office.id}"

    async def send(method: str, to: str, body: Any = None) -> Any:
        return await office.call.send(method, f"{path}/{to}", body, owner.headers)

    granted = await send("POST", "grants", {"subject": robot.subject, "role": "service"})
    assert (granted.status, granted.json()["subject"]) == (201, robot.subject)
    owning = await send("POST", "grants", {"subject": robot.subject, "role": "owner"})
    refused(owning, 422, "access.grant_invalid")
    stranger = await send("POST", "grants", {"subject": Robot(owner.id, {}).subject, "role": "service"})
    refused(stranger, 404, "access.subject_not_found")
    reader = await office.role("document:read")
    share = {"subject": robot.subject, "role": str(reader), "below": True}
    refused(await send("POST", f"resources/{page}/share", share), 403, "access.not_held")
    await office.grant(owner, reader)
    assert (await send("POST", f"resources/{page}/share", share)).status == 201
    assert await robots.may(robot)
    listed = (await send("GET", f"grants?subject_type=service_account&subject_id={robot.id}")).json()["items"]
    assert {each["role"] for each in listed} == {"service", str(reader)}

    said = (await send("GET", "policy")).json()["policy"]
    rules = [each for each in said.splitlines() if f"service_account:{robot.id}" in each]
    assert rules == [
        f"p, service_account:{robot.id}, organization, *, role:service, allow",
        f"p, service_account:{robot.id}, organization, document/page/*, role:{reader}, allow",
    ]
    for each in listed:
        assert (await send("DELETE", f"grants/{each['id']}")).status == 204
    assert not await robots.may(robot)
    again = await send("POST", "policy", {"policy": "\n".join(rules)})
    assert (again.status, again.json()["grants"]) == (200, 2)
    assert await robots.may(robot)
    resource = {"type": "document", "external_id": "mine", "owner": str(robot.id)}
    assert (await send("POST", "resources", resource)).status == 404
