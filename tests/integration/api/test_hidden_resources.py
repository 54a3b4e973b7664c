"""Every route of resources and grants, in two organizations that differ only in what walls hide from the asker."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from api.route import ROUTE
from api.routes.access import access
from api.routes.policies import policies
from api.routes.resources import resources
from core.settings import Settings
from tests.integration.api.organizing import People
from tests.support.client import Answer, Client

HELD: Final = ["resources:read", "resources:write", "resources:share", "grants:read", "grants:write"]
HELD_TOO: Final = ["roles:read", "roles:write", "visibility:read"]
HIDDEN, BELOW, OPEN, CHILD = ({"type": "folder", "id": each} for each in ("hidden", "below", "open", "child"))
VARYING: Final = frozenset({"consistency-token", "x-request-id"})
PLAIN: Final = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "<time>"),
    (re.compile(r'"next":"[^"]+"'), '"next":"<cursor>"'),
    (re.compile(r'"trace_id":"[0-9a-f]{32}"'), '"trace_id":"<trace>"'),
)
"""What differs between any two answers."""
ABOUT: Final = (access, policies, resources)
ROLES: Final = frozenset({"ListRoles", "CreateRole", "GetRole", "UpdateRole", "DeleteRole", "UpdateSystemRole"})
MODELS: Final = frozenset({"GetPolicyModel", "PutPolicyModel", "DeletePolicyModel", "EvaluatePolicyModel"})
"""They know nothing of resources."""


@dataclass
class Side:
    """One of the organizations. What is not there has an id all the same."""

    call: Client
    home: str
    outsider: dict[str, str]
    ids: dict[str, str]

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str, dict[str, str]]:
        """Return what the outsider is told, with names in the place of ids."""
        answer: Answer
        url = f"{self.home}{path.format(**self.ids)}"
        if body is None:
            answer = await self.call(method, url, headers=self.outsider)
        else:
            answer = await self.call.send(method, url, self._filled(body), headers=self.outsider)
        headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
        return answer.status, self._plain(answer.body.decode()), headers

    def _filled(self, body: Any) -> Any:
        match body:
            case str():
                return body.format(**self.ids)
            case dict():
                return {name: self._filled(value) for name, value in body.items()}
            case list():
                return [self._filled(value) for value in body]
        return body

    def _plain(self, text: str) -> str:
        for name, id_ in self.ids.items():
            text = text.replace(id_, f"<{name}>")
        for pattern, plain in PLAIN:
            text = pattern.sub(plain, text)
        return text


async def side(people: People, call: Client, *, more: bool) -> Side:
    """Return an organization in which there is `more` than the outsider sees."""
    _, owner = await people.new()
    home = f"/auth/organizations/{(await people.organization(owner))['id']}"
    joined = {each: await people.joined(owner, home.rpartition("/")[2]) for each in ("outsider", "friend")}
    ids = {each: str(made["id"]) for each, (made, _) in joined.items()} | {"ours": home.rpartition("/")[2]}
    ids |= {each: str(uuid4()) for each in ("recluse", "hidden", "below", "grant on hidden", "none")}
    if more:
        ids["recluse"] = (await people.joined(owner, ids["ours"]))[0]["id"]

    async def make(path: str, body: Any) -> Any:
        answer = await call.send("POST", f"{home}/{path}", body, headers=owner)
        assert answer.status < 300, answer
        return answer.json()

    async def put(name: str, **fields: Any) -> None:
        ids[name] = (await make("resources", {"type": "folder", "external_id": name} | fields))["id"]
        friend = {"subject": {"type": "user", "id": ids["friend"]}, "role": "member"}
        ids[f"grant on {name}"] = (await make("grants", friend | {"on": {"type": "folder", "id": name}}))["id"]

    async def group(name: str, *contents: dict[str, Any]) -> str:
        made = f"visibility-groups/{(await make('visibility-groups', {'name': name}))['id']}"
        for each in contents:
            await make(f"{made}/contents", each)
        return made

    await make("roles", {"name": "keeper", "permissions": HELD + HELD_TOO})
    await make("grants", {"subject": {"type": "user", "id": ids["outsider"]}, "role": "keeper"})
    if more:
        await put("hidden")
        await put("below", parent=HIDDEN)
    await put("open")
    await put("child", **({"parent": HIDDEN, "owner": ids["recluse"]} if more else {}))
    if more:
        await group("secret", {"resource": HIDDEN}, {"user_id": ids["recluse"]})
    shown = await group("shown", {"resource": CHILD})
    await make(f"{shown}/members", {"user_id": ids["outsider"]})
    return Side(call, home, joined["outsider"][1], ids)


ROLE: Final = {"role": "member", "below": True}
FRIEND, RECLUSE = ({"subject": {"type": "user", "id": f"{{{each}}}"}} for each in ("friend", "recluse"))
POLICY: Final = "p, user:{friend}, organization, folder/%s, role:member, deny"
ASKED: Final[dict[str, list[tuple[str, str, Any]]]] = {
    "ListResources": [
        ("GET", "/resources", None),
        ("GET", "/resources?limit=1", None),
        ("GET", "/resources?external_id=hid", None),
        ("GET", "/resources?parent_type=folder&parent_id=hidden", None),
        ("GET", "/resources?owner={recluse}", None),
    ],
    "GetResource": [("GET", f"/resources/{{{each}}}", None) for each in ("hidden", "below", "child", "open")],
    "ListGrants": [
        ("GET", "/grants", None),
        ("GET", "/grants?limit=1", None),
        ("GET", "/grants?resource_type=folder&resource_id=hidden", None),
    ],
    "GetGrant": [("GET", f"/grants/{{grant on {each}}}", None) for each in ("hidden", "open")],
    "ExportPolicy": [("GET", "/policy", None)],
    "CreateResource": [
        ("POST", "/resources", {"type": "folder", "external_id": "hidden"}),
        ("POST", "/resources", {"type": "folder", "external_id": "new", "parent": HIDDEN}),
        ("POST", "/resources", {"type": "folder", "external_id": "new", "parent": OPEN}),
        ("POST", "/resources", {"type": "folder", "external_id": "new", "owner": "{recluse}"}),
        ("POST", "/resources", {"type": "folder", "external_id": "open"}),
    ],
    "PutResource": [
        ("PUT", "/resources/folder/hidden", {}),
        ("PUT", "/resources/folder/hidden", {"parent": OPEN}),
        ("PUT", "/resources/folder/open", {"parent": HIDDEN}),
        ("PUT", "/resources/folder/open", {"owner": "{recluse}"}),
        ("PUT", "/resources/folder/child", {}),
        ("PUT", "/resources/folder/child", {"parent": HIDDEN}),
        ("PUT", "/resources/folder/child", {"owner": "{recluse}"}),
        ("PUT", "/resources/folder/child", {"attributes": {"a": 1}}),
    ],
    "RegisterResources": [
        ("POST", "/resources/bulk", {"resources": [{"type": "folder", "external_id": each, **more}]})
        for each, more in (
            ("hidden", {}),
            ("child", {"parent": HIDDEN}),
            ("child", {"owner": "{recluse}"}),
            ("child", {"attributes": {"a": 2}}),
            ("new", {"parent": BELOW}),
        )
    ],
    "UpdateResource": [
        ("PATCH", "/resources/{hidden}", {"attributes": {"a": 1}}),
        ("PATCH", "/resources/{below}", {}),
        ("PATCH", "/resources/{open}", {"parent": HIDDEN}),
        ("PATCH", "/resources/{child}", {"parent": HIDDEN}),
        ("PATCH", "/resources/{child}", {"parent": None, "owner": None}),
        ("PATCH", "/resources/{child}", {"owner": "{recluse}"}),
        ("PATCH", "/resources/{child}", {"attributes": {"a": 3}}),
        ("PATCH", "/resources/{child}", {"owner": "{friend}"}),
    ],
    "ShareResource": [
        ("POST", "/resources/{hidden}/share", FRIEND | ROLE),
        ("POST", "/resources/{open}/share", RECLUSE | ROLE),
        ("POST", "/resources/{open}/share", FRIEND | {"role": "member"}),
    ],
    "UnshareResource": [
        ("DELETE", "/resources/{hidden}/share/{grant on hidden}", None),
        ("DELETE", "/resources/{open}/share/{grant on hidden}", None),
        ("DELETE", "/resources/{hidden}/share/{grant on open}", None),
    ],
    "MakeGrant": [("POST", "/grants", FRIEND | ROLE | {"on": on, "effect": "deny"}) for on in (HIDDEN, BELOW, OPEN)],
    "WithdrawGrant": [("DELETE", f"/grants/{{grant on {each}}}", None) for each in ("hidden", "open")],
    "ImportPolicy": [("POST", "/policy", {"policy": POLICY % each}) for each in ("hidden", "child")],
    "DeleteResource": [
        ("DELETE", f"/resources/{{{each}}}?below={below}", None)
        for each in ("hidden", "below", "open", "child", "none")
        for below in ("true", "false")
    ],
}


def operations() -> Iterator[str]:
    """Yield the operations that resources or grants on them are named in."""
    for router in ABOUT:
        for route in router.routes:
            assert isinstance(route, HTTPRoute)
            for handler in route.route_handlers:
                if handler.opt.get(ROUTE) and handler.operation_id not in ROLES | MODELS:
                    yield str(handler.operation_id)


def test_every_route_is_asked() -> None:
    assert sorted(ASKED) == sorted({*operations()})


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


async def test_no_route_tells_what_walls_hide(call: Client, people: People) -> None:
    sides = [await side(people, call, more=more) for more in (True, False)]

    told: dict[int, int] = {}
    for operation, requests in ASKED.items():
        for request in requests:
            found = [await each.ask(*request) for each in sides]
            assert found[0] == found[1], (operation, request)
            assert found[0][0] < 500, (operation, found[0])
            told[found[0][0]] = told.get(found[0][0], 0) + 1
    assert told.keys() >= {200, 201, 204, 403, 404}
