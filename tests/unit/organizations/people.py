"""People who found organizations and join them, through the whole application."""

import re
from dataclasses import dataclass

from domain.kernel.ids import OrganizationId, UserId
from domain.kernel.tokens import Tokens
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.invite_member import InviteMember
from domain.organizations.schemas import OrganizationInfo
from tests.support.app import App


@dataclass(frozen=True)
class Someone:
    """A person who is signed in."""

    id: UserId
    email: str
    tokens: Tokens


async def someone(app: App, name: str = "ada") -> Someone:
    """Return a new person."""
    email = f"{name}@example.com"
    profile = await app.signed_up(email)
    return Someone(profile.id, email, await app.signed_in(email))


async def superuser(app: App, name: str = "root") -> Someone:
    """Return a new superuser."""
    made = await someone(app, name)
    app.name_superuser(made.id)
    return made


async def founded(app: App, owner: Someone, slug: str = "acme") -> OrganizationInfo:
    """Return a new organization of `owner`."""
    return await app.send(CreateOrganization(name="Acme", slug=slug), as_=owner.tokens)


async def invited(app: App, by: Someone, organization_id: OrganizationId, email: str, role: str = "member") -> str:
    """Return the token that was mailed to `email`."""
    await app.send(InviteMember(organization_id=organization_id, email=email, role=role), as_=by.tokens)
    return mailed(app, email.lower())


async def joined(
    app: App, by: Someone, organization_id: OrganizationId, name: str = "eve", role: str = "member"
) -> Someone:
    """Return a new person who accepted an invitation."""
    made = await someone(app, name)
    token = await invited(app, by, organization_id, made.email, role)
    await app.send(AcceptInvitation(token=token), as_=made.tokens)
    return made


def mailed(app: App, email: str) -> str:
    """Return the token in the last mail to `email`."""
    texts = [job.payload["text"] for job in app.memory.jobs if job.payload["to"] == email]
    (token,) = re.findall(r"#token=(\S+)", texts[-1])
    return str(token)


def announced(app: App, *capabilities: str) -> list[str]:
    """Return the types of what was announced about organizations, and about `capabilities`."""
    prefixes = tuple(f"{each}." for each in ("organizations", *capabilities))
    return [fact.type for fact in app.facts if fact.type.startswith(prefixes)]
