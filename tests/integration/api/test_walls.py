"""What a wall hides is nowhere to be seen."""

from typing import Any
from uuid import uuid4

import pytest

from core.settings import Settings
from tests.integration.api.organizing import People
from tests.support.client import Answer, Client


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


def said(answer: Answer) -> dict[str, Any]:
    body = dict(answer.json())
    return {name: value for name, value in body.items() if name != "trace_id"}


async def test_what_stands_behind_a_wall_is_in_no_list_and_looks_like_nothing(call: Client, people: People) -> None:
    _, owner = await people.new()
    home = f"/auth/organizations/{(await people.organization(owner))['id']}"
    organization_id = home.rpartition("/")[2]
    inside, insider = await people.joined(owner, organization_id)
    _, outsider = await people.joined(owner, organization_id)

    async def put(type_: str, external_id: str, **more: Any) -> str:
        body = {"type": type_, "external_id": external_id} | more
        answer = await call.send("POST", f"{home}/resources", body, headers=owner)
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    async def wall(name: str, *contents: str, members: tuple[str, ...] = ()) -> None:
        made = await call.send("POST", f"{home}/visibility-groups", {"name": name}, headers=owner)
        group = f"{home}/visibility-groups/{made.json()['id']}"
        for external_id in contents:
            body = {"resource": {"type": "folder", "id": external_id}}
            assert (await call.send("POST", f"{group}/contents", body, headers=owner)).status < 300
        for user_id in members:
            assert (await call.send("POST", f"{group}/members", {"user_id": user_id}, headers=owner)).status < 300

    async def shown(who: dict[str, str]) -> dict[str, Any]:
        items = (await call("GET", f"{home}/resources", headers=who)).json()["items"]
        return {each["external_id"]: each["parent"] and each["parent"]["id"] for each in items}

    await put("folder", "open")
    hidden = await put("folder", "hidden")
    await put("folder", "below", parent={"type": "folder", "id": "hidden"})
    await put("folder", "apart", parent={"type": "folder", "id": "hidden"})
    everyone = [each["user_id"] for each in (await call("GET", f"{home}/members", headers=owner)).json()["items"]]
    await wall("board", "hidden", members=(inside["id"],))
    await wall("all", "apart", members=tuple(everyone))

    assert await shown(insider) == {"open": None, "hidden": None, "below": "hidden", "apart": "hidden"}
    assert await shown(outsider) == {"open": None, "apart": None}
    assert await shown(owner) == {"open": None, "hidden": None, "below": "hidden", "apart": "hidden"}

    absent = await call("GET", f"{home}/resources/{uuid4()}", headers=outsider)
    behind = await call("GET", f"{home}/resources/{hidden}", headers=outsider)
    assert (behind.status, said(behind)) == (404, said(absent))
    assert (await call("GET", f"{home}/resources/{hidden}", headers=insider)).status == 200
