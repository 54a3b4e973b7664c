"""People who found organizations and join them, over HTTP."""

import json
import re
from base64 import b64decode
from typing import Any
from uuid import uuid4

import asyncpg

from core.keys import Keys
from core.secrets import seal
from core.settings import Settings
from tests.integration.api.conftest import bearer, person, tokens
from tests.support.client import Client

SUPERUSER = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user', $1,
    '00000000-0000-7000-8000-000000000002', now(), 1)
"""


class People:
    """Makes people and organizations, and reads the mail."""

    def __init__(self, call: Client, url: str, settings: Settings) -> None:
        self.call, self.url, self.settings = call, url, settings

    async def new(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a new person, and the header by which they are known."""
        made = await person(self.call)
        return made, bearer(await tokens(self.call, made["email"]))

    async def superuser(self) -> tuple[dict[str, Any], dict[str, str]]:
        made, known = await self.new()
        await self.sql(SUPERUSER, made["id"])
        return made, known

    async def organization(self, owner: dict[str, str]) -> dict[str, Any]:
        body = {"name": "Acme", "slug": f"a{uuid4().hex}"}
        answer = await self.call.send("POST", "/auth/organizations", body, headers=owner)
        assert answer.status == 201, answer
        assert answer.headers["etag"] == '"1"'
        return dict(answer.json())

    async def invited(self, by: dict[str, str], organization_id: str, email: str, role: str = "member") -> str:
        """Return the token that was mailed to `email`."""
        path, body = f"/auth/organizations/{organization_id}/invitations", {"email": email, "role": role}
        answer = await self.call.send("POST", path, body, headers=by)
        assert answer.status == 201, answer
        return await self.mailed(email)

    async def joined(
        self, by: dict[str, str], organization_id: str, role: str = "member"
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a new person who accepted an invitation."""
        made, known = await self.new()
        token = await self.invited(by, organization_id, made["email"], role)
        answer = await self.call.send("POST", "/auth/invitations/accept", {"token": token}, headers=known)
        assert answer.status == 200, answer
        return made, known

    async def mailed(self, email: str) -> str:
        """Return the token in the last mail to `email`."""
        return (await self.link(email)).partition("#token=")[2]

    async def link(self, email: str) -> str:
        """Return the link in the last mail to `email`, which nobody but the worker can open."""
        opens = seal(Keys.read(self.settings).secrets)
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch("SELECT payload FROM jobs WHERE name = 'send_mail' ORDER BY run_at, id")
        await connection.close()
        letters = [
            json.loads(opens.open(b64decode(json.loads(row["payload"])["sealed"]), b"job:send_mail")) for row in rows
        ]
        (link,) = re.findall(r"https?://\S+#token=\S+", [each["text"] for each in letters if each["to"] == email][-1])
        return str(link)

    async def all(self, path: str, by: dict[str, str]) -> list[dict[str, Any]]:
        """Return every item of a list, page by page: others make things of their own in the same database."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await self.call("GET", f"{path}?limit=200{cursor}", headers=by)).json()
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def sql(self, statement: str, *values: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()
