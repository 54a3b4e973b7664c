"""Secrets are planted in every flow, and looked for everywhere afterwards."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from re import compile as pattern
from typing import Any, Final
from urllib.parse import quote

import pytest
from redis.asyncio import Redis

from core.keys import SetupToken
from core.secrets import Secrets
from domain.kernel.ids import uuid7
from tests.support.facts import until
from tests.support.http import Caller, Response, once
from tests.support.service import PASSWORD, SECRET, Service, Stack, deployed
from tests.support.subscriber import Subscriber

pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]

TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
TOKEN: Final = pattern(r"gw[a-z]_[\w-]{43}")
ACCESS, REFRESH = "__Host-gatewright-access", "__Host-gatewright-refresh"
CALLED: Final = "SELECT count(*) = 2 FROM webhook_deliveries WHERE position IS NULL AND reason = 'unreachable'"
LEFT: Final = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_pending)"


@dataclass
class Canaries:
    """What must be found nowhere."""

    planted: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    """What is kept in one place alone."""

    def __call__(self, name: str) -> str:
        """Plant a new one."""
        return self.keep(name, f"Canary-{uuid7().hex}")

    def keep(self, name: str, text: str) -> str:
        """Look for `text` as well."""
        self.planted[f"{name} {len(self.planted)}"] = text
        return text

    def address(self, name: str) -> str:
        """Return the address of a webhook at which nobody listens, with what is to be found nowhere else."""
        path, query = (f"Canary-{uuid7().hex}" for _ in range(2))
        self.addresses |= {f"{name} path {len(self.addresses)}": path, f"{name} query {len(self.addresses)}": query}
        return f"https://127.0.0.1:1025/{path}?token={query}"

    def found(self, where: str, text: str) -> Iterator[str]:
        """Yield what is in `text`, however it is spelled."""
        for name, planted in self.planted.items():
            core = base64.b64encode(planted.encode()).rstrip(b"=")[:-1].decode()
            for spelled in {planted, quote(planted, safe=""), core, planted.encode().hex(), planted.lower()}:
                if spelled in text:
                    yield f"{name} in {where}: …{text[max(0, text.index(spelled) - 200) : text.index(spelled)]}"


async def test_i10_e13_no_secret_is_anywhere(stack: Stack, tmp_path: Path) -> None:
    canaries = Canaries()
    more = {"LOG_LEVEL": "DEBUG", "SIGN_IN_LIMIT": "1000", "OUTBOUND_NETWORKS": "127.0.0.0/8"}
    async with deployed(stack, tmp_path, brokered=True, **more) as service:
        subscriber = Subscriber(stack.rabbit.url, "auth.events", "#")
        listening = asyncio.create_task(subscriber.run())
        await subscriber.bound.wait()
        await asyncio.to_thread(service.hire)
        # On a busy machine a connection is kept for longer than the server waits on it.
        async with service.patient(keeps=False) as call:
            await plant(service, call, canaries)
            metrics = (await call("GET", "/metrics")).body.decode()

        async def numbered() -> bool:
            async with service.sql() as connection:
                logged = {str(row["id"]) for row in await connection.fetch("SELECT id FROM events")}
                return not await connection.fetchval(LEFT) and logged <= subscriber.ids

        async def posted() -> bool:
            return {token[:4] for token in mailed(service)} == {"gwp_", "gwv_", "gwm_", "gwc_"}

        await until(numbered, 60)

        async def called() -> bool:
            """Whether a webhook's address was called in vain, at which nobody listens."""
            async with service.sql() as connection:
                return bool(await connection.fetchval(CALLED))

        # A job that was leased when Postgres was killed comes again after two minutes.
        await until(posted, 180)
        await until(called, 180)
        for token in mailed(service):
            canaries.keep("mailed token", token)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await subscriber.leave()
        places = {
            "logs": service.logs,
            "metrics": metrics,
            "messages": "".join(message.body.decode() + str(message.headers) for message in subscriber.messages),
            **{f"redis {name}": text async for name, text in dumped(stack.redis.url)},
            **{f"table {name}": text async for name, text in tables(service)},
        }
    assert list(Canaries({"control": "ada@example.org"}).found("users", places["table users"]))
    assert "ada@example.org" in places["messages"]
    assert len(canaries.planted) >= 60
    assert "/auth/login" in places["logs"]
    assert [hit for where, text in places.items() for hit in canaries.found(where, text)] == []
    addresses = Canaries(canaries.addresses)
    found = {where for where, text in places.items() if list(addresses.found(where, text))}
    assert found == {"table webhooks"}, "where the addresses of webhooks are kept"


async def plant(service: Service, call: Caller, canaries: Canaries) -> None:
    """Send secrets through every flow, those that fail included."""
    setup = canaries.keep("setup token", str(SetupToken(Secrets(SECRET.encode()).derive("setup"))))
    root = {"email": "root@example.org", "password": canaries("setup password")}
    for token in (canaries("wrong setup token"), setup, setup):
        await call("POST", "/auth/setup", root | {"token": token}, once())
    admin = await signed_in(call, canaries, root)
    ada = {"email": "ada@example.org", "password": canaries("password")}
    for _ in range(2):
        await call("POST", "/auth/signup", ada, once())
        await call("POST", "/auth/signup", ada | {"email": "bad"}, once())
    mine = [await signed_in(call, canaries, ada) for _ in range(5)]
    for _ in range(4):  # after one more the right password is not believed for a second
        await call("POST", "/auth/login", {"email": "ada@example.org", "password": canaries("wrong password")}, once())
        await call("POST", "/auth/login", {"username": canaries("password for a name"), "password": PASSWORD})
        await call("POST", "/auth/refresh", {"refresh_token": canaries("wrong refresh token")}, once())
    for tokens in mine[:3]:
        for _ in range(2):
            keep(
                canaries,
                (await call("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}, once())).json(),
            )
    await _keep_in_cookies(call, canaries, ada, await signed_in(call, canaries, ada))
    await _misplace(call, canaries, mine[3])
    for path in ("/auth/password/forgot", "/auth/login/email"):
        assert (await call("POST", path, {"email": "ada@example.org"}, once())).status == 202
    moving = {"email": "new@example.org", "password": ada["password"]}
    assert (await call("POST", "/auth/email/change", moving, bearer(mine[4]) | once())).status == 202
    guess = {"challenge": canaries("wrong challenge"), "code": "12345678"}
    await call("POST", "/auth/login/email/finish", guess, once())
    change = {"current_password": canaries("wrong current"), "new_password": canaries("new")}
    await call("POST", "/auth/password/change", change, bearer(mine[4]) | once())
    for _ in range(2):
        changed = await call(
            "POST", "/auth/password/change", change | {"current_password": ada["password"]}, bearer(mine[4]) | once()
        )
        if changed.status == 200:
            keep(canaries, changed.json())
    made = {"email": "bob@example.org", "password": canaries("given password")}
    for _ in range(2):
        await call("POST", "/auth/users", made, bearer(admin) | once())
    await call("POST", "/auth/logout", None, bearer(await signed_in(call, canaries, made)) | once())
    await _hook(call, canaries, admin)
    once_only = service.caller(keeps=False)
    service.stack.redis.stall()
    await once_only(
        "POST", "/auth/login", {"email": "ada@example.org", "password": canaries("while Redis is frozen")}, once()
    )
    service.stack.redis.resume()
    await asyncio.to_thread(service.stack.postgres.kill)
    await once_only(
        "POST", "/auth/login", {"email": "ada@example.org", "password": canaries("while Postgres is away")}, once()
    )
    await once_only(
        "POST", "/auth/signup", {"email": "cy@example.org", "password": canaries("while Postgres is away")}, once()
    )
    await asyncio.to_thread(service.stack.postgres.start)


async def _keep_in_cookies(call: Caller, canaries: Canaries, login: dict[str, str], tokens: dict[str, Any]) -> None:
    """Come with tokens in cookies, good ones and made-up ones, and be given new ones."""
    made_up = {"access_token": canaries("access cookie"), "refresh_token": canaries("refresh cookie")}
    for given in (made_up, tokens):
        page = {
            "cookie": f"{ACCESS}={given['access_token']}; {REFRESH}={given['refresh_token']}",
            "session-transport": "cookie",
            "sec-fetch-site": "same-origin",
        }
        for method, path in (("GET", "/auth/me"), ("GET", "/auth/verify"), ("POST", "/auth/refresh")):
            for headers in (page, page | {"sec-fetch-site": "cross-site"}):
                kept(canaries, await call(method, path, None, headers))
        kept(canaries, await call("POST", "/auth/login", login, page | once()))
        await call("POST", "/auth/login", login | {"password": canaries("wrong password of a page")}, page | once())


def kept(canaries: Canaries, answer: Response) -> None:
    """Look for the refresh token that an answer puts into a cookie; it is the last one."""
    name, _, rest = answer.headers.get("set-cookie", "").partition("=")
    if answer.status == 200 and name == REFRESH:
        canaries.keep("refresh token of a page", rest.partition(";")[0])


async def _hook(call: Caller, canaries: Canaries, tokens: dict[str, Any]) -> None:
    """Have events sent to addresses that are secrets, none of which answers."""
    headers, body = bearer(tokens), {"url": canaries.address("created"), "event_types": ["*"]}
    for wrong in ("http://", "https://user@"):
        refused = body | {"url": f"{wrong}127.0.0.1/{canaries('refused address')}"}
        assert (await call("POST", "/auth/webhooks", refused, headers | once())).status == 422
    key = once()
    for _ in range(2):
        made = await call("POST", "/auth/webhooks", body, headers | key)
        assert made.status == 201, made
    one = f"/auth/webhooks/{made.json()['id']}"
    canaries.keep("secret of a webhook", made.json()["secret"].removeprefix("whsec_"))
    for _ in range(2):
        assert (await call("POST", f"{one}/test", None, headers | once())).status == 202
        changed = await call("PATCH", one, {"url": canaries.address("changed")}, headers | once())
        assert changed.status == 200, changed
        rotated = await call("POST", f"{one}/secret", {"overlap_hours": 1}, headers | once())
        canaries.keep("rotated secret of a webhook", rotated.json()["secret"].removeprefix("whsec_"))


async def _misplace(call: Caller, canaries: Canaries, tokens: dict[str, Any]) -> None:
    """Send secrets to where none belongs."""
    for name in ("authorization", "cookie", "x-api-key", "proxy-authorization"):
        await call("GET", "/auth/me", None, {name: f"Bearer {canaries(name)}"})
        await call("GET", "/auth/me", None, {name: f"Basic {canaries(name)}"})
    for name in ("access_token", "token", "password", "code", "client_secret", "api_key"):
        await call("GET", f"/auth/sessions?{name}={canaries(name)}", None, bearer(tokens))
        await call("GET", f"/auth/{canaries(name)}?{name}={canaries(name)}")
        await call(
            "POST", "/auth/signup", {"email": "b@example.org", "password": [canaries(name)], name: canaries(name)}
        )
    for body in (
        f'{{"password":"{canaries("cut")}',
        f'{{"password":{{"a":"{canaries("object")}"}}}}',
        f"password={canaries('form')}",
    ):
        await call("POST", "/auth/login", None, {"content-type": "application/json"}, body=body.encode())
        await call("POST", "/auth/signup", None, {"content-type": "text/plain"}, body=body.encode())


def mailed(service: Service) -> set[str]:
    """Return the tokens in the mails of the outbox, which nothing but those may hold."""
    found = set[str]()
    for each in (service.folder / "data" / "mail").glob("*.eml"):
        body = message_from_bytes(each.read_bytes(), policy=policy.default).get_body(("plain",))
        found |= {*TOKEN.findall(body.get_content())} if body else set()
    return found


async def signed_in(call: Caller, canaries: Canaries, who: dict[str, str]) -> dict[str, Any]:
    answer = await call("POST", "/auth/login", {"email": who["email"], "password": who["password"]}, once())
    assert answer.status == 200, answer
    return keep(canaries, answer.json())


def keep(canaries: Canaries, tokens: dict[str, Any]) -> dict[str, Any]:
    """Look for the tokens that were given, if any were."""
    if "access_token" in tokens:
        canaries.keep("access token", tokens["access_token"].rpartition(".")[2])
        canaries.keep("refresh token", tokens["refresh_token"])
        if tokens["device_token"]:
            canaries.keep("device token", tokens["device_token"])
    return tokens


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['access_token']}"}


async def tables(service: Service) -> AsyncIterator[tuple[str, str]]:
    """Yield every table as text."""
    async with service.sql() as connection:
        for row in await connection.fetch(TABLES):
            rows = await connection.fetch(f'SELECT t::text AS line FROM "{row["relname"]}" t')
            yield row["relname"], "\n".join(each["line"] for each in rows)


async def dumped(url: str) -> AsyncIterator[tuple[str, str]]:
    """Yield what is in Redis."""
    async with Redis.from_url(url) as redis:
        async for key in redis.scan_iter():
            value = await redis.dump(key)
            yield key.decode("latin-1"), key.decode("latin-1") + (value or b"").decode("latin-1")
