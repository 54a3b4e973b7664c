"""Two databases that differ only in what is hidden from those who ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import asyncpg

from tests.integration.api.conftest import bearer, person, tokens
from tests.support.client import Client

CALLERS: Final = ("owner", "manager", "plain", "vera", "walt", "hugo")
"""Who have accounts: `manager` may do everything but look over walls, `plain` what members may and what admins of a team
do; `vera` is seen by all, `walt` is behind a wall that all of them see over, `hugo` is hidden."""
GHOSTS: Final = {
    "early": UUID("01000000-0000-7000-8000-000000000001"),
    "late": UUID("ffffffff-0000-7000-8000-000000000001"),
}
"""Hidden people of one world alone: the first and the last in every list that is sorted by ids."""
AT: Final = "2020-01-01T00:00:00Z"
BYPASS: Final = "visibility:bypass"


def id_(name: str) -> UUID:
    """Return the id of something in both worlds, or in one of them alone."""
    return GHOSTS.get(name) or uuid5(NAMESPACE_OID, name)


def at(second: int) -> str:
    """Return when something was made: what is hidden comes between the others in every list that is sorted by time."""
    return f"2020-01-01T00:{second // 60:02}:{second % 60:02}Z"


@dataclass
class Scene:
    """Who asks, and the ids of what is asked about."""

    people: dict[str, UUID] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)

    def id(self, name: str) -> str:
        """Return the id of a person, or of whatever else bears the name."""
        return str(self.people.get(name) or id_(name))

    @property
    def known(self) -> set[str]:
        """All ids that are the same in both worlds, or are of one alone."""
        return {str(each) for each in (*self.people.values(), *GHOSTS.values(), *map(id_, NAMES))}


NAMES: Final = (
    *("organization", "crew", "phantoms", "secret", "open", "reader", "wonder", "everything"),
    *("plain-doc", "owned-doc", "shown-doc", "hidden-doc", "hidden-child"),
    *("grant-vera", "grant-crew", "grant-deny", "grant-manager", "grant-plain", "grant-owner", "grant-share"),
    *("grant-early", "grant-late", "grant-early-owner", "grant-on-hidden", "grant-hidden-share", "grant-deny-wonder"),
    *("invitation", "invitation-hidden", "robot", "nothing"),
)


async def people(call: Client) -> Scene:
    """Return a scene with accounts for those who ask, made and signed in over HTTP."""
    scene = Scene()
    for name in CALLERS:
        profile = await person(call)
        scene.people[name], scene.emails[name] = UUID(profile["id"]), profile["email"]
        scene.headers[name] = bearer(await tokens(call, profile["email"]))
    return scene


@dataclass
class Builder:
    """Writes rows as they are."""

    connection: asyncpg.Connection
    scene: Scene

    async def run(self, statement: str, *values: Any) -> None:
        await self.connection.execute(statement, *values)

    async def member(self, name: str, second: int) -> None:
        row = (id_(f"membership-{name}"), id_("organization"), UUID(self.scene.id(name)), at(second))
        await self.run("INSERT INTO memberships VALUES ($1, $2, $3, $4::text::timestamptz, 1)", *row)

    async def account(self, name: str) -> None:
        await self.run(
            "INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)"
            " VALUES ($1, $2, true, true, 1, now(), now(), 1)",
            id_(name),
            f"{name}@example.com",
        )

    async def role(self, name: str, *permissions: str) -> None:
        await self.run(
            "INSERT INTO roles (id, organization_id, name, permissions, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $5::text::timestamptz, $5::text::timestamptz)",
            *(id_(name), id_("organization"), name, sorted(permissions), AT),
        )

    async def grant(self, name: str, to: str, role: str, second: int, on: str | None = None, **more: Any) -> None:
        await self.run(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, effect,"
            " granted_by, created_at, version)"
            " SELECT $1, $2, $3, $4, id, $6, $7, $8, $9::text::timestamptz, 1 FROM roles"
            " WHERE name = $5 AND (organization_id = $2 OR organization_id IS NULL)",
            *(id_(name), id_("organization"), more.get("kind", "user"), UUID(self.scene.id(to)), role),
            *(
                on and id_(on),
                more.get("effect", "allow"),
                more.get("by") and UUID(self.scene.id(more["by"])),
                at(second),
            ),
        )

    async def team(self, name: str, second: int, *members: str, parent: str | None = None) -> None:
        path = [id_(name), *([id_(parent)] if parent else [])]
        await self.run(
            "INSERT INTO teams VALUES ($1, $2, $3, $4, $5, $6::text::timestamptz, $6::text::timestamptz, 1)",
            *(id_(name), id_("organization"), parent and id_(parent), path, name, at(second)),
        )
        for each in members:
            await self.put(each, name, "admin" if each == "plain" else "member")

    async def put(self, who: str, team: str, role: str = "member") -> None:
        row = (id_(team), id_("organization"), UUID(self.scene.id(who)), role, AT)
        await self.run("INSERT INTO team_members VALUES ($1, $2, $3, $4, $5::text::timestamptz)", *row)

    async def group(self, name: str, second: int) -> None:
        row = (id_(name), id_("organization"), name, at(second))
        statement = "INSERT INTO visibility_groups VALUES ($1, $2, $3, $4::text::timestamptz, $4::text::timestamptz, 1)"
        await self.run(statement, *row)

    async def see(self, group: str, *people: str) -> None:
        for each in people:
            await self.run(
                "INSERT INTO visibility_members (group_id, organization_id, user_id) VALUES ($1, $2, $3)",
                *(id_(group), id_("organization"), UUID(self.scene.id(each))),
            )

    async def hide(self, group: str, *, person: str | None = None, resource: str | None = None) -> None:
        await self.run(
            "INSERT INTO visibility_contents (group_id, organization_id, resource_id, user_id) VALUES ($1, $2, $3, $4)",
            *(id_(group), id_("organization"), resource and id_(resource), person and UUID(self.scene.id(person))),
        )

    async def resource(self, name: str, second: int, owner: str | None = None, *above: str, wall: str = "") -> None:
        await self.run(
            "INSERT INTO resources (id, organization_id, type, external_id, owner_id, parent_id, path, wall_id,"
            " attributes, created_at, updated_at, version)"
            " VALUES ($1, $2, 'document', $3, $4, $5, $6, $7, $8, $9::text::timestamptz, $9::text::timestamptz, 1)",
            *(
                id_(name),
                id_("organization"),
                name,
                owner and UUID(self.scene.id(owner)),
                (above and id_(above[0])) or None,
            ),
            *([id_(each) for each in (name, *above)], id_(wall) if wall else None, '{"status": "final"}', at(second)),
        )

    async def invitation(self, name: str, second: int, by: str) -> None:
        await self.run(
            "INSERT INTO invitations SELECT $1, $2, $3, id, $4, $5, $6::text::timestamptz, '2999-01-01Z', 1 FROM roles"
            " WHERE name = 'member' AND organization_id IS NULL",
            *(
                id_(name),
                id_("organization"),
                f"{name}@example.com",
                UUID(self.scene.id(by)),
                id_(name).bytes,
                at(second),
            ),
        )


Fill = Callable[[Builder], Awaitable[None]]


async def shared(build: Builder) -> None:
    """Write what is in both worlds."""
    await build.run("INSERT INTO organizations VALUES ($1, 'Acme', 'acme', $2::text::timestamptz, now(), 1)", id_("organization"), AT)  # fmt: skip
    await build.run(
        "INSERT INTO service_accounts VALUES ($1, $2, 'Robot', '', true, $3::text::timestamptz, now(), 1)",
        *(id_("robot"), id_("organization"), AT),
    )
    for second, name in enumerate(CALLERS):
        await build.member(name, 10 * second)
    seeded = await build.connection.fetchval("SELECT permissions FROM roles WHERE name = 'owner'")
    await build.role("everything", *({*seeded, "document:read", "document:write", "wonder:read"} - {BYPASS}))
    await build.role("reader", "document:read")
    await build.role("wonder", "wonder:read")
    await build.team("crew", 0, "plain", "vera")
    await build.team("phantoms", 10, parent="crew")
    await build.group("open", 0)
    await build.group("secret", 10)
    await build.see("open", *CALLERS)
    await build.see("secret", "hugo")
    await build.hide("open", person="walt")
    await build.hide("secret", person="hugo")
    await build.resource("plain-doc", 0, "vera")
    await build.grant("grant-owner", "owner", "owner", 0)
    await build.grant("grant-manager", "manager", "everything", 10, by="owner")
    await build.grant("grant-plain", "plain", "member", 20, by="owner")
    await build.grant("grant-crew", "crew", "reader", 40, kind="team", by="manager")
    await build.grant("grant-share", "vera", "reader", 50, "plain-doc", by="hugo")
    await build.grant("grant-deny", "walt", "wonder", 60, "plain-doc", effect="deny")
    await build.invitation("invitation", 0, "owner")


async def without(build: Builder) -> None:
    """Write what is seen of the other world in this one."""
    await build.resource("owned-doc", 20)
    await build.resource("shown-doc", 40, "vera", wall="shown-doc")
    await build.hide("open", resource="shown-doc")
    await build.grant("grant-vera", "vera", "reader", 30)
    await build.invitation("invitation-hidden", 20, "hugo")


async def within(build: Builder) -> None:
    """Write what is hidden, and how it touches on what is seen."""
    for second, name in ((5, "early"), (25, "late")):
        await build.account(name)
        await build.member(name, second)
        await build.hide("secret", person=name)
        await build.put(name, "crew", "admin")
        await build.put(name, "phantoms")
        await build.see("open", name)
        await build.see("secret", name)
        await build.grant(f"grant-{name}", name, "reader", second)
    await build.resource("hidden-doc", 30, "early", wall="hidden-doc")
    await build.hide("secret", resource="hidden-doc")
    await build.resource("hidden-child", 35, "late", "hidden-doc", wall="hidden-doc")
    await build.resource("owned-doc", 20, "early")
    await build.resource("shown-doc", 40, "vera", "hidden-doc", wall="shown-doc")
    await build.hide("open", resource="shown-doc")
    await build.grant("grant-vera", "vera", "reader", 30, by="early")
    await build.grant("grant-early-owner", "early", "owner", 35, by="owner")
    await build.grant("grant-on-hidden", "vera", "reader", 45, "hidden-doc", by="early")
    await build.grant("grant-hidden-share", "early", "reader", 55, "plain-doc")
    await build.grant("grant-deny-wonder", "late", "wonder", 65, effect="deny")
    await build.invitation("invitation-hidden", 20, "early")
