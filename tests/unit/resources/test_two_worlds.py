"""Two worlds that differ only in what walls hide give the same answers, whatever is done in them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final
from uuid import UUID

from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from domain.access.commands.import_policy import ImportPolicy
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.facade import Place
from domain.access.queries.export_policy import ExportPolicy
from domain.access.queries.get_grant import GetGrant
from domain.access.queries.list_grants import ListGrants
from domain.access.schemas import GrantedOn, Grantee
from domain.kernel.errors import BypassRequired, DomainError, NotFound
from domain.kernel.ids import GrantId, GroupId, OrganizationId, ResourceId, UserId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.put_resource import PutResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.commands.share_resource import ShareResource
from domain.resources.commands.unshare_resource import UnshareResource
from domain.resources.commands.update_resource import UpdateResource
from domain.resources.queries.get_resource import GetResource
from domain.resources.queries.list_resources import ListResources
from domain.resources.schemas import ResourceName, ResourceToRegister, ShareSubject
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.schemas import ContentName
from tests.support.app import App
from tests.support.memory.belonging import add_grant, add_member, add_organization, add_role
from tests.support.memory.tables import GRANTS, ROLES

HELD = [
    "resources:read",
    "resources:write",
    "resources:share",
    "grants:read",
    "grants:write",
    "roles:read",
    "roles:write",
]
"""What the outsider holds in the whole organization: everything about resources and grants but to look over walls."""
NAMES = ["open", "child", "hidden", "below", "new"]
ON = ["open", "child", "hidden", "below"]
PEOPLE = ["outsider", "friend", "recluse", "nobody"]
"""A recluse is behind a wall in one world, and in the other nobody."""


@dataclass
class Side:
    """One of the worlds. What is not there has an id all the same."""

    app: App
    root: Tokens
    outsider: Tokens
    organization_id: OrganizationId
    ids: dict[str, UUID]

    async def answer(self, message: Message[Any]) -> tuple[Any, ...]:
        """Return what the outsider is told, and what happened."""
        told: Any
        before = len(self.app.facts)
        try:
            told = self._plain(await self.app.send(message, as_=self.outsider), [])
        except DomainError as refusal:
            told = type(refusal), refusal.detail, refusal.errors
        return told, [fact.type for fact in self.app.facts[before:]], self.app.audited[-1:]

    def _plain(self, value: Any, strange: list[UUID]) -> Any:
        """Return what was told with names for ids; those that nobody knows are numbered."""
        if isinstance(value, UUID):
            known = {id_: name for name, id_ in self.ids.items()}
            if value not in known and value not in strange:
                strange.append(value)
            return known.get(value) or strange.index(value)
        if is_dataclass(value):
            return {each.name: self._plain(getattr(value, each.name), strange) for each in fields(value)}
        if isinstance(value, list):
            # Ids of the same millisecond come in any order.
            return sorted((self._plain(each, []) for each in value), key=repr)
        return value


async def world(*, more: bool) -> Side:
    """Return a world, in which there is `more` than the outsider sees."""
    app = App()
    root = await app.administrator()
    outsider = await app.signed_up()
    ours, now = add_organization(app.memory), app.clock.now()
    people = {"outsider": outsider.id, **{each: UserId(uuid7()) for each in PEOPLE[1:]}}
    for name in ["outsider", "friend", *(["recluse"] if more else [])]:
        add_member(app.memory, ours, people[name])
    held, reader = add_role(app.memory, ours, now, *HELD), add_role(app.memory, ours, now, "resources:read")
    app.memory.table(ROLES)[held].name, app.memory.table(ROLES)[reader].name = "held", "reader"
    add_grant(app.memory, Place(ours), outsider.id, held, now, kind="user")
    ids: dict[str, UUID] = {"ours": ours, "held": held, "reader": reader, **people, "none": uuid7()}
    ids |= {f"grant on {name}": uuid7() for name in ON} | {name: uuid7() for name in NAMES}

    async def group(name: str, *contents: str | UUID) -> GroupId:
        made = await app.send(CreateVisibilityGroup(organization_id=ours, name=name), as_=root)
        for each in contents:
            what: dict[str, Any] = (
                {"user_id": each} if isinstance(each, UUID) else {"resource": ContentName("doc", each)}
            )
            await app.send(AddVisibilityContent(organization_id=ours, group_id=made.id, **what), as_=root)
        return made.id

    async def put(name: str, parent: str | None = None, owner: str | None = None) -> None:
        above = ResourceName("doc", parent) if parent else None
        put = PutResource(
            organization_id=ours,
            type="doc",
            external_id=name,
            parent=above,
            owner=UserId(ids[owner]) if owner else None,
        )
        ids[name] = (await app.send(put, as_=root)).id
        add_grant(app.memory, Place(ours, ResourceId(ids[name])), UserId(ids["friend"]), reader, now, kind="user")
        (ids[f"grant on {name}"],) = app.memory.table(GRANTS).keys() - set(ids.values()) - known
        known.add(ids[f"grant on {name}"])

    known = set(app.memory.table(GRANTS))
    if more:
        await put("hidden", owner="friend")
        await put("below", "hidden")
    await put("open")
    await put("child", *(["hidden", "recluse"] if more else []))
    if more:
        await group("secret", "hidden", people["recluse"])
    shown = await group("shown", "child")
    await app.send(AddVisibilityMember(organization_id=ours, group_id=shown, user_id=outsider.id), as_=root)
    return Side(app, root, await app.signed_in(), ours, ids)


names, on, owners = st.sampled_from(["open", "child", *NAMES]), st.sampled_from(ON), st.sampled_from([None, *PEOPLE])
parents, flags, values = st.sampled_from([None, *NAMES]), st.booleans(), st.sampled_from([{}, {"a": 1}])
grants = st.sampled_from([*(f"grant on {name}" for name in ON), "none"])
sent = st.fixed_dictionaries({}, optional={"owner": owners, "parent": parents, "attributes": values})
whole = st.fixed_dictionaries({"owner": owners, "parent": parents, "attributes": values})
likely = st.fixed_dictionaries({"owner": st.none() | owners, "parent": st.none(), "attributes": values})
"""As most things are shown: else a change is mostly refused."""
writes = st.one_of(
    st.tuples(st.just("create"), names, whole | likely),
    st.tuples(st.just("put"), names, whole | likely),
    st.tuples(st.just("bulk"), st.lists(st.tuples(names, whole | likely), min_size=1, max_size=3)),
    st.tuples(st.just("update"), names, sent),
    st.tuples(st.just("delete"), names, flags),
    st.tuples(st.just("share"), names, st.sampled_from(PEOPLE), flags),
    st.tuples(st.just("unshare"), names, grants),
    st.tuples(st.just("grant"), names, flags),
    st.tuples(st.just("withdraw"), grants),
    st.tuples(st.just("import"), names),
)
reads = st.one_of(
    st.tuples(st.just("get"), names),
    st.tuples(st.just("list"), parents, owners, st.sampled_from([None, "h", "c"])),
    st.tuples(st.just("grants"), st.none() | names),
    st.tuples(st.just("read grant"), grants),
    st.tuples(st.just("export")),
)
steps = st.one_of(writes, reads)
AS_SHOWN: Final[dict[str, Any]] = {"owner": None, "parent": None, "attributes": {}}
GUESSED: Final = [
    (kind, "child", AS_SHOWN | more)
    for kind in ("put", "update")
    for more in ({}, {"attributes": {"a": 1}}, {"parent": "hidden"}, {"owner": "recluse"}, {"owner": "friend"})
]
"""What is shown is sent back, and what is not is guessed."""


def resource(side: Side, name: str) -> dict[str, Any]:
    """Return how paths name a resource."""
    return {"organization_id": side.organization_id, "resource_id": ResourceId(side.ids[name])}


def grant(side: Side, name: str) -> dict[str, Any]:
    """Return how paths name a grant."""
    return {"organization_id": side.organization_id, "grant_id": GrantId(side.ids[name])}


def named(side: Side, name: str) -> dict[str, Any]:
    """Return how bodies name a resource."""
    return {"organization_id": side.organization_id, "type": "doc", "external_id": name}


def listed(side: Side, parent: str | None, owner: str | None, prefix: str | None) -> ListResources:
    place: dict[str, Any] = {"parent_type": "doc", "parent_id": parent} if parent else {}
    wanted = UserId(side.ids[owner]) if owner else None
    return ListResources(organization_id=side.organization_id, **place, owner=wanted, external_id=prefix)


def listed_grants(side: Side, name: str | None) -> ListGrants:
    return ListGrants(organization_id=side.organization_id, resource_type=name and "doc", resource_id=name)


def registered(side: Side, items: list[tuple[str, dict[str, Any]]]) -> RegisterResources:
    wanted = [ResourceToRegister("doc", name, **shape(side, more)) for name, more in items]
    return RegisterResources(organization_id=side.organization_id, resources=wanted)


def denied(side: Side, name: str, below: bool) -> MakeGrant:  # noqa: FBT001 - drawn
    return MakeGrant(
        organization_id=side.organization_id,
        subject=Grantee("user", side.ids["friend"]),
        role="reader",
        on=GrantedOn("doc", name),
        below=below,
        effect="deny",
    )


def shared(side: Side, name: str, person: str, below: bool) -> ShareResource:  # noqa: FBT001 - drawn
    subject = ShareSubject("user", side.ids[person])
    return ShareResource(**resource(side, name), subject=subject, role="reader", below=below)


def imported(side: Side, name: str) -> ImportPolicy:
    policy = f"p, user:{side.ids['friend']}, organization, doc/{name}, role:reader, deny"
    return ImportPolicy(organization_id=side.organization_id, policy=policy)


KINDS: Final[dict[str, Callable[..., Message[Any]]]] = {
    "create": lambda side, name, more: CreateResource(**named(side, name), **shape(side, more)),
    "put": lambda side, name, more: PutResource(**named(side, name), **shape(side, more)),
    "bulk": registered,
    "update": lambda side, name, more: UpdateResource(**resource(side, name), **shape(side, more)),
    "delete": lambda side, name, below: DeleteResource(**resource(side, name), below=below),
    "get": lambda side, name: GetResource(**resource(side, name)),
    "list": listed,
    "share": shared,
    "unshare": lambda side, name, given: UnshareResource(**resource(side, name), grant_id=GrantId(side.ids[given])),
    "grant": denied,
    "grants": listed_grants,
    "read grant": lambda side, given: GetGrant(**grant(side, given)),
    "withdraw": lambda side, given: WithdrawGrant(**grant(side, given)),
    "export": lambda side: ExportPolicy(organization_id=side.organization_id),
    "import": imported,
}


def message(side: Side, step: tuple[Any, ...]) -> Message[Any]:
    """Return the step as it is sent in that world."""
    kind, *rest = step
    return KINDS[kind](side, *rest)


def shape(side: Side, more: dict[str, Any]) -> dict[str, Any]:
    found = dict(more)
    if found.get("owner"):
        found["owner"] = UserId(side.ids[found["owner"]])
    if found.get("parent"):
        found["parent"] = ResourceName("doc", found["parent"])
    return found


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@example(taken=GUESSED)
@given(taken=st.lists(steps, min_size=1, max_size=20))
async def test_nothing_tells_what_walls_hide(taken: list[tuple[Any, ...]]) -> None:
    more, less = await world(more=True), await world(more=False)
    for step in taken:
        answers = [await side.answer(message(side, step)) for side in (more, less)]
        assert answers[0] == answers[1], step
        event(f"{step[0]}: {answers[0][0][0].__name__ if isinstance(answers[0][0], tuple) else 'done'}")


async def test_the_worlds_do_differ() -> None:
    more, less = await world(more=True), await world(more=False)
    counts = []
    for side in (more, less):
        found = await side.app.send(ListResources(organization_id=side.organization_id), as_=side.root)
        counts.append({each.external_id: (each.parent, each.owner) for each in found.items})

    assert counts[0].keys() - counts[1].keys() == {"hidden", "below"}
    assert counts[0]["child"] == (ResourceName("doc", "hidden"), more.ids["recluse"])
    assert counts[1]["child"] == (None, None)
    for step, refusal in (("delete", "open", False), BypassRequired), (("get", "hidden"), NotFound):
        for side in (more, less):
            assert issubclass((await side.answer(message(side, step)))[0][0], refusal)
