"""The "new enemy": whoever has just lost something asks for it in another process, at once."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from domain.kernel.ids import uuid7
from tests.support.http import Response, once
from tests.support.patient import Patient
from tests.support.service import PASSWORD

ON_THE_FOLDER: Final[Mapping[str, Any]] = {"on": {"type": "folder", "id": "folder"}, "below": True}
DOCUMENT: Final[Mapping[str, str]] = {"type": "document", "id": "document"}
HELD: Final = ("document:read", "roles:read")


class Seat(NamedTuple):
    """Connections to one process. One that cannot tell yet says so: that is not stale, and it is asked again."""

    asker: Patient
    """A superuser's, who asks about others."""
    enemy: Patient
    """The enemy's own."""


@dataclass
class Stage:
    """One organization, one enemy, and one document that they want to read."""

    writer: Patient
    """To the process that changes things."""
    seats: Sequence[Seat]
    """In the others."""
    email: str
    trials: Counter[str]
    wrong: list[str]
    ids: dict[str, str] = field(default_factory=dict)

    async def open(self) -> None:
        """Make everything that is changed later."""
        name = self.email.partition("@")[0]
        made = await self.writer("POST", "/auth/organizations", {"name": name, "slug": name}, once())
        assert made.status == 201, made
        self.ids["organization"] = made.json()["id"]
        signed = await self.writer("POST", "/auth/signup", {"email": self.email, "password": PASSWORD}, once())
        self.ids["enemy"] = signed.json()["id"]
        await self.sign_in()
        await self.join()
        await self._make("reader", "roles", {"name": "reader", "permissions": HELD})
        await self._make("nothing", "roles", {"name": "nothing", "permissions": ["other:thing"]})
        await self._make("folder", "resources", {"type": "folder", "external_id": "folder"})
        inside = {"type": "document", "external_id": "document", "parent": {"type": "folder", "id": "folder"}}
        await self._make("document", "resources", inside)
        await self._make("group", "visibility-groups", {"name": "hidden"})
        await self._make("upper", "teams", {"name": "upper"})
        await self._make("lower", "teams", {"name": "lower"})
        await self.grant(subject={"type": "team", "id": self.ids["upper"]})

    async def sign_in(self) -> None:
        """Have the enemy act under a new session."""
        found = await self.writer("POST", "/auth/login", {"email": self.email, "password": PASSWORD})
        for seat in self.seats:
            seat.enemy.token = found.json()["access_token"]

    async def send(self, method: str, path: str, body: Any = None) -> Response:
        """Change something in the organization."""
        path = path.format(**self.ids)
        where = path if path[0] == "/" else self._path(path)
        found = await self.writer(method, where, body, {"if-match": "*"} | once())
        assert 200 <= found.status < 300, (method, path, found)
        if "idempotency-replayed" in found.headers:
            # What is answered again tells no moment: any later one will do.
            later = await self.send("PATCH", "/auth/organizations/{organization}", {"name": uuid7().hex})
            found = replace(found, headers=later.headers)
        return found

    async def join(self) -> Response:
        """Make the enemy a member."""
        return await self.send("POST", "members", {"user_id": self.ids["enemy"], "role": "member"})

    async def grant(self, role: str = "reader", **more: Any) -> Response:
        """Make a grant; to the enemy, if it is not said to whom."""
        body = {"subject": {"type": "user", "id": self.ids["enemy"]}, "role": role} | more
        made = await self.send("POST", "grants", body)
        self.ids["grant"] = made.json()["id"]
        return made

    async def check(self, token: str, *, allowed: bool, gate: bool) -> None:
        """Ask in every other process, and note whatever is not as it was said."""
        context = {"organization_id": self.ids["organization"]}
        question = {
            "subject": {"type": "user", "id": self.ids["enemy"]},
            "action": {"name": "read"},
            "resource": DOCUMENT,
            "context": context,
        }
        wanted = question | {"resource": {"type": "document"}}
        for seat in self.seats:
            if gate:
                # Without a token: the way into a route is as fresh as the moment.
                own = await seat.enemy("GET", self._path("roles"))
                self._note("gate", own, (own.status == 200) is allowed)
            seen = {"consistency-token": token}
            decided = await seat.asker("POST", "/access/v1/evaluation", question, seen)
            self._note("check", decided, decided.json().get("decision") is allowed)
            listed = await seat.asker("POST", "/access/v1/search/resource", wanted, seen)
            found = [each["id"] for each in listed.json().get("results", ())]
            self._note("list", listed, listed.status == 200 and found == ["document"] * allowed)

    def _note(self, kind: str, answer: Response, right: bool) -> None:  # noqa: FBT001 - what was found out
        self.trials[kind] += 1
        if not right:
            self.wrong.append(f"{kind} of {self.ids['way']}: {answer.status} {answer.body[:300]!r}")

    def _path(self, path: str) -> str:
        return f"/auth/organizations/{self.ids['organization']}/{path}"

    async def _make(self, name: str, path: str, body: Any) -> None:
        self.ids[name] = (await self.send("POST", path, body)).json()["id"]


Step = Callable[[Stage], Awaitable[Response | None]]


@dataclass(frozen=True)
class Way:
    """One way of losing something, and of getting it (back)."""

    name: str
    legs: Sequence[tuple[Step, bool]]
    """Commands, and whether the enemy may read the document after each."""
    before: Step | None = None
    after: Step | None = None
    gate: bool = True
    """Whether what the enemy has holds in the whole organization, and so opens a route too."""

    async def go(self, stage: Stage) -> None:
        """Go it once; ask after each step."""
        stage.ids["way"] = self.name
        if self.before:
            await self.before(stage)
        for step, allowed in self.legs:
            done = await step(stage)
            assert done
            await stage.check(done.headers["consistency-token"], allowed=allowed, gate=self.gate)
        if self.after:
            await self.after(stage)


def sending(method: str, path: str, body: Any = None) -> Step:
    """Return a step that is one request; names in braces are ids of the stage."""

    async def step(stage: Stage) -> Response:
        filled = {key: stage.ids.get(str(value), value) for key, value in body.items()} if body else body
        return await stage.send(method, path, filled)

    return step


def granting(role: str = "reader", **more: Any) -> Step:
    """Return a step that grants the enemy something."""

    async def step(stage: Stage) -> Response:
        return await stage.grant(role, **more)

    return step


async def _joined_and_granted(stage: Stage) -> Response:
    await stage.join()
    return await stage.grant()


async def _denied(stage: Stage) -> Response:
    stage.ids["allowed"] = stage.ids["grant"]
    return await stage.grant(effect="deny")


async def _role_and_grant(stage: Stage) -> Response:
    made = await stage.send("POST", "roles", {"name": "passing", "permissions": HELD})
    stage.ids["passing"] = made.json()["id"]
    return await stage.grant("passing")


async def _signed_in_again(stage: Stage) -> Response:
    done = await stage.send("POST", "/auth/users/{enemy}/activate", {})
    await stage.sign_in()
    return done


_ALLOW_NO_MORE: Final = sending("DELETE", "grants/{allowed}")
_WITHDRAW: Final = sending("DELETE", "grants/{grant}")
_HIDE: Final = sending("POST", "visibility-groups/{group}/contents", {"resource": DOCUMENT})
_SHOW: Final = sending("DELETE", "visibility-groups/{group}/contents?resource_type=document&resource_id=document")
_LEAVE: Final = sending("DELETE", "members/{enemy}")
_INTO: Final = sending("POST", "teams/{lower}/members", {"user_id": "enemy"})
_OUT: Final = sending("DELETE", "teams/{lower}/members/{enemy}")

WAYS: Final = (
    Way("a grant that is withdrawn", [(granting(), True), (_WITHDRAW, False)]),
    Way("a grant on a folder", [(granting(**ON_THE_FOLDER), True), (_WITHDRAW, False)], gate=False),
    Way("a denial", [(_denied, False), (_WITHDRAW, True)], granting(), _ALLOW_NO_MORE),
    Way("a role that is deleted", [(_role_and_grant, True), (sending("DELETE", "roles/{passing}"), False)]),
    Way(
        "a role that is edited",
        [
            (sending("PATCH", "roles/{nothing}", {"permissions": HELD}), True),
            (sending("PATCH", "roles/{nothing}", {"permissions": ["other:thing"]}), False),
        ],
        granting("nothing"),
        _WITHDRAW,
    ),
    Way(
        "a team",
        [
            (sending("POST", "teams/{upper}/members", {"user_id": "enemy"}), True),
            (sending("DELETE", "teams/{upper}/members/{enemy}"), False),
        ],
    ),
    Way(
        "a team that is moved",
        [
            (sending("PATCH", "teams/{lower}", {"parent_id": "upper"}), True),
            (sending("PATCH", "teams/{lower}", {"parent_id": None}), False),
        ],
        _INTO,
        _OUT,
    ),
    Way("a wall", [(_HIDE, False), (_SHOW, True)], granting(**ON_THE_FOLDER), _WITHDRAW, gate=False),
    Way(
        "a document that is moved",
        [
            (sending("PATCH", "resources/{document}", {"parent": None}), False),
            (sending("PATCH", "resources/{document}", {"parent": {"type": "folder", "id": "folder"}}), True),
        ],
        granting(**ON_THE_FOLDER),
        _WITHDRAW,
        gate=False,
    ),
    Way("a member who is removed", [(_joined_and_granted, True), (_LEAVE, False)], _LEAVE, Stage.join),
    Way(
        "an account that is deactivated",
        [(sending("POST", "/auth/users/{enemy}/deactivate", {}), False), (_signed_in_again, True)],
        granting(),
        _WITHDRAW,
    ),
)
