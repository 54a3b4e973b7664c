"""The AuthZEN Authorization API 1.0, as it is served; sections are those of its specification."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import refused
from tests.integration.api.office import Office, Person
from tests.support.client import Client


@pytest.fixture
async def office(call: Client, api_url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(api_url)
    yield await Office(call, connection).open()
    await connection.close()


async def found(office: Office, asker: Person, body: dict[str, Any], limit: int | None = None) -> list[str]:
    """Return all results of a search for resources, page by page."""
    names: list[str] = []
    page: dict[str, Any] = {} if limit is None else {"limit": limit}
    while True:
        answer = await office.ask(asker, "search/resource", body | {"page": page})
        assert answer.status == 200, answer
        said = answer.json()
        assert said["page"]["count"] == len(said["results"])
        names += [each["id"] for each in said["results"]]
        if not said["page"]["next_token"]:
            return names
        page = page | {"token": said["page"]["next_token"]}


async def test_e19_a_table_of_decisions(office: Office) -> None:
    ada, eve, check = await office.member(), await office.member(), await office.member("access:check")
    folder = await office.resource("folder")
    inside = await office.resource("inside", folder, status="open")
    await office.resource("outside", status="open")
    hidden = await office.resource("hidden", folder)
    await office.wall(hidden, eve)
    own = await office.resource("own", owner=ada.id)
    await office.wall(own, eve)
    reader, writer = await office.role("document:read"), await office.role("document:write")
    heir = await office.role(inherits=reader)
    await office.grant(ada, heir, folder, below=True)
    await office.grant(ada, writer, inside, condition={"resource.status": {"eq": "open"}})
    await office.grant(ada, await office.role("document:burn"), condition={"context.drill": {"eq": True}})
    await office.grant(eve, reader)
    await office.grant(eve, reader, inside, effect="deny")
    await office.grant(ada, reader, own)
    table: list[tuple[Person, str, str, dict[str, Any], bool]] = [
        (ada, "read", "folder", {}, True),
        (ada, "read", "inside", {}, True),
        (ada, "read", "outside", {}, False),
        (ada, "read", "hidden", {}, False),
        (ada, "read", "own", {}, True),
        (ada, "read", "nowhere", {}, False),
        (ada, "write", "inside", {}, True),
        (ada, "write", "folder", {}, False),
        (ada, "burn", "outside", {}, False),
        (ada, "burn", "outside", {"drill": True}, True),
        (ada, "burn", "outside", {"drill": "true"}, False),
        (ada, "*", "inside", {}, False),
        (ada, "read ", "inside", {}, False),
        (ada, "READ", "inside", {}, False),
        (eve, "read", "inside", {}, False),
        (eve, "read", "outside", {}, True),
        (eve, "write", "outside", {}, False),
    ]
    for subject, action, name, context, expected in table:
        assert await office.allows(subject, subject, action, name, **context) is expected, (action, name)
        if name not in {"hidden", "own"}:
            assert await office.allows(check, subject, action, name, **context) is expected, (action, name)
    batch = {"evaluations": [office.question(*each[:3], **each[3]) for each in table if each[0] is ada]}
    answer = (await office.ask(ada, "evaluations", batch)).json()
    assert [each["decision"] for each in answer["evaluations"]] == [each[-1] for each in table if each[0] is ada]
    # What a list has is what a check allows (8.1).
    everything = ["folder", "inside", "outside", "hidden", "own"]
    for subject in (ada, eve):
        for action in ("read", "write", "burn"):
            allowed = [each for each in everything if await office.allows(subject, subject, action, each)]
            body = office.question(subject, action, "") | {"resource": {"type": "document"}}
            assert await found(office, subject, body) == allowed


async def test_a_permission_on_the_organization_itself(office: Office) -> None:
    ada = await office.member("members:read", "organization:rename")

    for action, expected in [("members:read", True), ("members:write", False), ("rename", True)]:
        body = {
            "subject": ada.subject,
            "action": {"name": action},
            "resource": {"type": "organization", "id": str(office.id)},
        }
        assert (await office.ask(ada, "evaluation", body)).json() == {"decision": expected}


async def test_section_7_defaults_semantics_and_errors_of_single_evaluations(office: Office) -> None:
    ada, eve = await office.member(), await office.member()
    for name in ("a", "b", "c"):
        await office.resource(name)
    await office.grant(ada, await office.role("document:read"), condition={"resource.external_id": {"ne": "b"}})
    names = [{"resource": {"type": "document", "id": each}} for each in ("a", "b", "c")]
    top = office.question(ada, "read", "a")

    async def decided(semantic: str | None, items: list[Any]) -> list[Any]:
        options = {"options": {"evaluations_semantic": semantic, "another_option": 1}} if semantic else {}
        answer = await office.ask(ada, "evaluations", top | {"evaluations": items} | options)
        assert answer.status == 200, answer
        return list(answer.json()["evaluations"])

    yes, no = {"decision": True}, {"decision": False}
    assert await decided(None, names) == [yes, no, yes]
    assert await decided("execute_all", [{}, *names]) == [yes, yes, no, yes]
    assert await decided("deny_on_first_deny", names) == [yes, no]
    assert await decided("permit_on_first_permit", names) == [yes]
    assert await decided("permit_on_first_permit", names[1:]) == [no, yes]
    assert await decided(None, [{"action": {"name": "write"}}]) == [no]
    about_eve = {"subject": eve.subject}
    (told,) = await decided(None, [about_eve])
    assert told["decision"] is False
    assert told["context"]["error"]["status"] == 403
    (told,) = await decided(None, [{"context": {"organization_id": str(uuid7())}}])
    assert told["context"]["error"]["status"] == 404
    # Whatever an evaluation names replaces the default as a whole.
    (told,) = await decided(None, [{"resource": {"type": "document"}}])
    assert told["context"]["error"]["status"] == 400
    refused(
        await office.ask(ada, "evaluations", top | {"evaluations": names, "options": {"evaluations_semantic": "any"}}),
        400,
        "request.malformed",
    )


@pytest.mark.parametrize("more", [{}, {"evaluations": []}, {"evaluations": None}])
async def test_section_7_without_a_list_it_is_one_evaluation(office: Office, more: dict[str, Any]) -> None:
    ada = await office.member("document:read")
    await office.resource("a")

    answer = await office.ask(ada, "evaluations", office.question(ada, "read", "a") | more)
    assert (answer.status, answer.json()) == (200, {"decision": True})
    lacking = office.question(ada, "read", "a") | more | {"resource": {"type": "document"}}
    answer = await office.ask(ada, "evaluations", lacking)
    refused(answer, 400, "request.malformed")
    assert [each["field"] for each in answer.json()["errors"]] == ["resource.id"]


async def test_a8_a_batch_of_a_thousand_is_what_single_checks_say(office: Office) -> None:
    ada = await office.member()
    await office.run(
        "INSERT INTO resources SELECT id, $1, 'document', 'd' || n, NULL, NULL, ARRAY[id], NULL,"
        " json_build_object('n', n), now(), now(), 1 FROM"
        " (SELECT gen_random_uuid() AS id, n FROM generate_series(1, 1000) n) made",
        office.id,
    )
    await office.grant(ada, await office.role("document:read"), condition={"resource.n": {"gt": 500}})
    items = [{"resource": {"type": "document", "id": f"d{number}"}} for number in range(1, 1001)]
    body = office.question(ada, "read", "") | {"evaluations": items}

    answer = await office.ask(ada, "evaluations", body)

    assert [each["decision"] for each in answer.json()["evaluations"]] == [False] * 500 + [True] * 500
    refused(await office.ask(ada, "evaluations", body | {"evaluations": [*items, {}]}), 400, "request.malformed")


async def test_a8_questions_that_differ_in_one_field_are_others_however_often_they_come(office: Office) -> None:
    root, ada, bob = (
        await office.member("access:check", "visibility:bypass"),
        await office.member(),
        await office.member(),
    )
    await office.resource("a", size=1)
    await office.resource("b", size=2)
    reader, writer = await office.role("document:read"), await office.role("document:write")
    narrow = {"resource.size": {"eq": {"attribute": "context.size"}}}
    await office.grant(ada, reader, condition=narrow)
    await office.grant(bob, writer)
    asked = [
        office.question(who, action, name, **({"size": size} if size else {}))
        for who in (ada, bob)
        for action in ("read", "write", "Read", "read ")
        for name in ("a", "b", "A", "a ")
        for size in (None, 1, 2, "1", True)
    ]
    single = [(await office.ask(root, "evaluation", each)).json().get("decision") for each in asked]

    for order in (asked, asked[::-1], [each for each in asked for _ in range(2)]):
        answer = await office.ask(root, "evaluations", {"evaluations": order})
        known = {str(each): decision for each, decision in zip(asked, single, strict=True)}
        told = [bool(each["decision"]) for each in answer.json()["evaluations"]]
        assert told == [bool(known[str(each)]) for each in order]
    allowed = [each for each, decision in zip(asked, single, strict=True) if decision]
    assert len(allowed) == 2 + 2 * 5, (
        "a and b in the size that is theirs, and what Bob writes whatever is said of sizes"
    )


async def test_section_10_1_1_members_that_are_not_known_are_ignored(office: Office) -> None:
    ada = await office.member("document:read")
    await office.resource("a")
    body = office.question(ada, "read", "a")
    for part in ("subject", "action", "resource"):
        body[part] |= {"x": 1, "properties": {"y": [None, {"z": 1e300}]}}

    answer = await office.ask(ada, "evaluation", body | {"unknown": {"a": [1]}, "evaluations": 5})

    assert (answer.status, answer.json()) == (200, {"decision": True})


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("subject", None),
        ("subject", "ada"),
        ("subject", {"type": "user"}),
        ("subject", {"type": "user", "id": 7}),
        ("subject", {"id": "x"}),
        ("action", {}),
        ("action", {"name": 1}),
        ("action", ["read"]),
        ("resource", {"type": "document"}),
        ("resource", {"type": "document", "id": "a", "properties": []}),
        ("context", []),
        ("context", {"organization_id": 1}),
        ("context", {"organization_id": "ours"}),
        ("context", {"explain": 1}),
        ("context", {"at_least": 1}),
        ("resource", {"type": "document", "id": "a", "properties": {"planned": True, "parent": "b"}}),
        ("resource", {"type": "document", "id": "a", "properties": {"planned": True, "owner": "b"}}),
    ],
)
async def test_section_10_1_2_what_is_missing_or_of_a_wrong_type_is_a_bad_request(
    office: Office, part: str, value: Any
) -> None:
    ada = await office.member()
    body = office.question(ada, "read", "a") | {part: value}
    refused(await office.ask(ada, "evaluation", body), 400, "request.malformed")
    if value is not None:
        del body[part]
        if part != "context":
            refused(await office.ask(ada, "evaluation", body), 400, "request.malformed")


async def test_section_10_1_transport(office: Office) -> None:
    ada = await office.member()
    call = office.call
    refused(await call("POST", "/access/v1/evaluation", b"", ada.headers), 400, "request.malformed")
    json = ada.headers | {"content-type": "application/json", "x-request-id": "bfe9 eb29"}
    answer = await call("POST", "/access/v1/evaluation", b"", json)
    assert (answer.status, answer.headers["x-request-id"]) == (400, "bfe9 eb29")
    text = ada.headers | {"content-type": "text/plain"}
    refused(await call("POST", "/access/v1/evaluation", b"{}", text), 400, "request.malformed")
    twice = b'{"subject":{"type":"user","id":"a"},"subject":{"type":"user","id":"b"},"action":{"name":"r"},"resource":{"type":"d","id":"e"}}'
    answer = await call("POST", "/access/v1/evaluation", twice, json)
    assert answer.status == 400
    answer = await call.send("POST", "/access/v1/evaluation", office.question(ada, "read", "a"), {"x-request-id": "1"})
    assert (answer.status, answer.headers["x-request-id"]) == (401, "1")
    assert "www-authenticate" in answer.headers
    answer = await office.ask(ada, "evaluation", office.question(ada, "read", "a"))
    assert answer.headers["content-type"] == "application/json"


async def test_section_9_metadata(call: Client) -> None:
    answer = await call("GET", "/.well-known/authzen-configuration")
    found = answer.json()
    assert answer.status == 200
    base = found.pop("policy_decision_point")
    assert found == {
        "access_evaluation_endpoint": f"{base}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{base}/access/v1/evaluations",
        "search_subject_endpoint": f"{base}/access/v1/search/subject",
        "search_resource_endpoint": f"{base}/access/v1/search/resource",
        "search_action_endpoint": f"{base}/access/v1/search/action",
    }


async def test_a1_who_may_ask(office: Office) -> None:
    ada, eve, check = await office.member(), await office.member(), await office.member("access:check")
    stranger = await office.stranger()
    for path in ("evaluation", "explain"):
        assert (await office.ask(ada, path, office.question(ada, "read", "a"))).status == 200
        refused(await office.ask(ada, path, office.question(eve, "read", "a")), 403, "access.forbidden")
        for subject in (ada, stranger):
            refused(
                await office.ask(stranger, path, office.question(subject, "read", "a")),
                404,
                "organizations.organization_not_found",
            )
    assert (await office.ask(check, "evaluation", office.question(ada, "read", "a"))).status == 200
    refused(await office.ask(check, "explain", office.question(ada, "read", "a")), 403, "access.forbidden")
    for path in ("search/subject", "search/resource", "search/action"):
        assert (await office.ask(check, path, office.question(ada, "read", "a"))).status == 200
        refused(await office.ask(ada, path, office.question(eve, "read", "a")), 403, "access.forbidden")
        refused(
            await office.ask(stranger, path, office.question(ada, "read", "a")),
            404,
            "organizations.organization_not_found",
        )


async def test_what_is_hidden_from_the_asker_is_answered_byte_for_byte_as_if_it_were_not_there(office: Office) -> None:
    ada, eve = await office.member("document:read"), await office.member("document:read")
    check = await office.member("access:check", "access:explain", "grants:read", "visibility:read")
    parent = await office.resource("parent")
    await office.grant(eve, await office.role("document:write"), parent, below=True)
    await office.grant(ada, await office.role("document:write"), parent, below=True)
    properties = [None, {}, {"status": "open"}, {"planned": True, "parent": {"type": "document", "id": "parent"}}]
    properties += [
        {"planned": True, "owner": str(ada.id)},
        {"planned": True, "parent": {"type": "document", "id": "x"}},
    ]
    questions = [
        (asker, path, office.question(subject, action, "x", explain=True) | {"resource": resource})
        for asker, subject in [(ada, ada), (check, ada), (check, eve), (check, check)]
        for action in ("read", "write")
        for each in properties
        for resource in [{"type": "document", "id": "x", "properties": each}]
        for path in ("evaluation", "evaluations", "explain", "search/subject", "search/action", "search/resource")
    ]

    async def world() -> list[bytes]:
        answers = [await office.ask(*each) for each in questions]
        assert {each.status for each in answers} <= {200, 403}
        return [each.body.replace(each.headers["x-request-id"].encode(), b"") for each in answers]

    without = await world()
    hidden = await office.resource("x", parent)
    await office.wall(hidden, eve)

    assert await world() == without
    assert await office.allows(eve, eve, "read", "x")


async def test_properties_count_only_for_what_is_planned_and_not_there(office: Office) -> None:
    ada = await office.member()
    parent = await office.resource("parent")
    await office.resource("there")
    closed = await office.resource("closed")
    await office.wall(closed)
    writer = await office.role("document:write")
    await office.grant(ada, writer, parent, below=True)
    await office.grant(ada, writer, closed, below=True)
    await office.grant(ada, await office.role("document:add"), condition={"resource.draft": {"eq": True}})
    for name, action, properties, expected in [
        ("new", "write", {"planned": True, "parent": {"type": "document", "id": "parent"}}, True),
        ("new", "write", {"planned": True}, False),
        ("new", "write", {"parent": {"type": "document", "id": "parent"}}, False),
        ("there", "write", {"planned": True, "parent": {"type": "document", "id": "parent"}}, False),
        ("new", "write", {"planned": True, "parent": {"type": "document", "id": "closed"}}, False),
        (
            "new",
            "write",
            {"planned": True, "parent": {"type": "document", "id": "closed"}, "owner": str(ada.id)},
            False,
        ),
        ("new", "add", {"planned": True, "attributes": {"draft": True}}, True),
        ("new", "add", {"planned": True, "attributes": {"draft": False}}, False),
    ]:
        body = office.question(ada, action, name)
        body["resource"]["properties"] = properties
        assert (await office.ask(ada, "evaluation", body)).json() == {"decision": expected}, (name, properties)


async def test_an_answer_is_never_older_than_its_token(office: Office) -> None:
    ada = await office.member()
    await office.resource("a")
    role = await office.role("document:read")
    for _ in range(5):
        grant = await office.grant(ada, role)
        assert await office.allows(ada, ada, "read", "a", at_least="of another log")
        await office.run("DELETE FROM grants WHERE id = $1", grant)
        answer = await office.call.send(
            "POST",
            "/access/v1/evaluation",
            office.question(ada, "read", "a", at_least="of another log"),
            ada.headers,
        )
        assert answer.json() == {"decision": False}


async def test_searches_are_complete_and_stable_while_rows_are_added(office: Office) -> None:
    ada = await office.member("document:read")
    before = [f"r{number}" for number in range(60)]
    for each in before:
        await office.resource(each)
    body = office.question(ada, "read", "") | {"resource": {"type": "document"}}

    async def add() -> None:
        for number in range(40):
            await office.resource(f"late{number}")

    adding = asyncio.create_task(add())
    names = await found(office, ada, body, 7)
    await adding

    assert [each for each in names if each in before] == before
    assert len(set(names)) == len(names)


async def test_section_8_2_a_token_is_good_for_the_same_search_only(office: Office) -> None:
    ada, eve = await office.member("document:read"), await office.member("document:read")
    for number in range(3):
        await office.resource(f"r{number}")
    body = office.question(ada, "read", "") | {"resource": {"type": "document"}, "page": {"limit": 2}}
    first = (await office.ask(ada, "search/resource", body)).json()
    token = first["page"]["next_token"]
    assert [each["id"] for each in first["results"]] == ["r0", "r1"]

    second = await office.ask(ada, "search/resource", body | {"page": {"token": token}})

    assert second.json() == {
        "page": {"next_token": "", "count": 1},
        "results": [{"type": "document", "id": "r2"}],
    }
    for asker, path, changed in [
        (ada, "search/resource", {"page": {"token": token, "limit": 1}}),
        (ada, "search/resource", {"page": {"token": token[:-1] + "A" * 2}}),
        (ada, "search/resource", {"page": {"token": token}, "action": {"name": "write"}}),
        (eve, "search/resource", {"page": {"token": token}, "subject": eve.subject}),
        (ada, "search/action", {"page": {"token": token}, "resource": {"type": "document", "id": "r0"}}),
    ]:
        refused(await office.ask(asker, path, body | changed), 400, "request.cursor_invalid")
    for limit in (-1, True, "1", 1.5):
        refused(await office.ask(ada, "search/resource", body | {"page": {"limit": limit}}), 400, "request.malformed")
    none = (await office.ask(ada, "search/resource", body | {"page": {"limit": 0}})).json()
    assert (none["results"], bool(none["page"]["next_token"])) == ([], True)


async def test_searches_for_subjects_and_actions_are_what_checks_say(office: Office) -> None:
    check, *people = [await office.member("access:check"), *[await office.member() for _ in range(5)]]
    here = await office.resource("here")
    reader = await office.role("document:read", "document:print")
    for each in people[1:4]:
        await office.grant(each, reader, here)
    await office.grant(people[2], reader, here, effect="deny")
    allowed = [each for each in people if await office.allows(check, each, "read", "here")]
    assert len(allowed) == 2
    body = office.question(check, "read", "here")
    ids: list[str] = []
    token = ""
    while True:
        page = {"limit": 1, **({"token": token} if token else {})}
        said = (await office.ask(check, "search/subject", body | {"page": page})).json()
        ids += [each["id"] for each in said["results"]]
        if not (token := said["page"]["next_token"]):
            break
    assert [each for each in ids if each in {str(one.id) for one in people}] == sorted(str(each.id) for each in allowed)
    assert len(ids) == len(set(ids))

    for each in people:
        answer = await office.ask(check, "search/action", office.question(each, "", "here"))
        names = [one["name"] for one in answer.json()["results"]]
        assert names == [one for one in ("print", "read") if await office.allows(check, each, one, "here")]
    robots = await office.ask(check, "search/subject", body | {"subject": {"type": "robot"}})
    assert robots.json() == {"page": {"next_token": "", "count": 0}, "results": []}


async def test_an_explanation_says_what_its_reader_may_know(office: Office) -> None:
    ada = await office.member()
    reads = await office.member("access:explain", "grants:read")
    sees = await office.member("access:explain", "visibility:read", "visibility:bypass")
    folder = await office.resource("folder")
    inside = await office.resource("inside", folder)
    written = await office.role("document:read")
    granted = await office.role(inherits=written)
    grant = await office.grant(ada, granted, folder, below=True, condition={"context.a": {"in": [1, 2]}})

    async def told(asker: Person, name: str, action: str = "read", **context: Any) -> Any:
        answer = await office.ask(asker, "explain", office.question(ada, action, name, **context))
        assert answer.status == 200, answer
        return answer.json()

    found = await told(reads, "inside", a=1)
    (proof,) = found["context"]["explanation"]["grants"]
    assert found["decision"] is True
    assert found["context"]["explanation"]["reason"] == "granted"
    assert proof == {
        "grant_id": str(grant),
        "user_id": str(ada.id),
        "team_id": None,
        "service_account_id": None,
        "roles": [str(granted), str(written)],
        "on": {"type": "document", "id": "folder"},
        "below": True,
        "effect": "allow",
        "condition": {"context.a": {"in": [1, 2]}},
        "expires_at": None,
    }
    assert (await told(ada, "inside", a=1))["context"]["explanation"]["grants"] == []
    deny = await office.grant(ada, written, inside, effect="deny")
    denied = (await told(reads, "inside", a=1))["context"]["explanation"]
    assert (denied["reason"], denied["missing"]["withdraw"]) == ("denied_by_grant", [str(deny)])
    assert (await told(ada, "inside", a=1))["context"]["explanation"]["missing"]["withdraw"] == []
    missing = (await told(ada, "folder", "write"))["context"]["explanation"]
    assert missing["reason"] == "not_granted"
    assert missing["missing"]["grant"] == {
        "permission": "document:write",
        "on": {"type": "document", "id": "folder"},
        "below": False,
    }
    group = await office.wall(inside)
    hidden = (await told(sees, "inside"))["context"]["explanation"]
    assert (hidden["reason"], hidden["missing"]["join"]) == ("not_visible", [str(group)])
    assert (await told(ada, "inside"))["context"]["explanation"] == (await told(ada, "none"))["context"]["explanation"]
    in_context = await office.ask(ada, "evaluation", office.question(ada, "write", "folder", explain=True))
    assert in_context.json()["context"]["explanation"] == missing
    check = await office.member("access:check")
    unasked = await office.ask(check, "evaluation", office.question(ada, "write", "folder", explain=True))
    assert unasked.json() == {"decision": False}
