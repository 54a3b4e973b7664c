"""Profiles over HTTP: versions, keys that make a command run once, and freshness."""

import asyncpg

from core.keys import Keys
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, SECRET, Start, address, bearer, person, refused, tokens
from tests.support.client import Client
from tests.support.facts import until


async def test_an_etag_saves_the_answer_and_guards_the_change(call: Client) -> None:
    ada = bearer(await tokens(call, (await person(call))["email"]))
    read = await call("GET", "/auth/me", headers=ada)
    tag = read.headers["etag"]
    assert tag == '"1"'

    known = await call("GET", "/auth/me", headers=ada | {"if-none-match": tag})
    assert (known.status, known.body, known.headers["etag"]) == (304, b"", tag)
    changed = await call.send("PATCH", "/auth/me", {"full_name": "Ada"}, headers=ada | {"if-match": tag})
    assert (changed.status, changed.headers["etag"], changed.json()["full_name"]) == (200, '"2"', "Ada")
    late = await call.send("PATCH", "/auth/me", {"full_name": "Eve"}, headers=ada | {"if-match": tag})
    refused(late, 412, "request.precondition_failed")
    assert (await call("GET", "/auth/me", headers=ada | {"if-none-match": tag})).json()["full_name"] == "Ada"


async def test_null_empties_and_absent_stays(call: Client) -> None:
    ada = bearer(await tokens(call, (await person(call, full_name="Ada", username=f"a{address()[:20]}"))["email"]))

    changed = (await call.send("PATCH", "/auth/me", {"full_name": None}, headers=ada)).json()

    assert changed["full_name"] is None
    assert changed["username"]


async def test_i14_a_key_makes_a_command_run_once(call: Client) -> None:
    body, key = {"email": address(), "password": PASSWORD}, {"idempotency-key": address()}

    first = await call.send("POST", "/auth/signup", body, headers=key)
    again = await call.send("POST", "/auth/signup", body, headers=key)
    other = await call.send("POST", "/auth/signup", body | {"email": address()}, headers=key)

    assert (first.status, again.status) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status == 201, "a stranger who happened upon the key"
    assert "idempotency-replayed" not in other.headers


async def test_i14_a_key_of_somebody_who_is_signed_in_belongs_to_one_request(call: Client) -> None:
    ada = bearer(await tokens(call, (await person(call))["email"])) | {"idempotency-key": address()}

    first = await call.send("PATCH", "/auth/me", {"full_name": "Ada"}, headers=ada)
    other = await call.send("PATCH", "/auth/me", {"full_name": "Augusta"}, headers=ada)

    assert first.status == 200, first
    refused(other, 422, "request.idempotency_key_reused")


async def test_t11_nothing_secret_is_in_any_table(call: Client, api_url: str, settings: Settings) -> None:
    password, email = f"canary-{address()}", address()
    key = {"idempotency-key": address()}
    await call.send("POST", "/auth/signup", {"email": email, "password": password}, headers={"idempotency-key": email})
    got = (await call.send("POST", "/auth/login", {"email": email, "password": password}, headers=key)).json()
    replayed = await call.send("POST", "/auth/login", {"email": email, "password": password}, headers=key)
    next_ = (await call.send("POST", "/auth/refresh", {"refresh_token": got["refresh_token"]})).json()
    change = {"current_password": password, "new_password": f"{password}-new"}
    changed = await call.send(
        "POST", "/auth/password/change", change, headers=bearer(next_) | {"idempotency-key": address()}
    )
    assert changed.status == 200
    assert replayed.json() == got

    kept = await dump(api_url)

    assert email in kept
    secrets = [password, SECRET, str(Keys.read(settings).setup)]
    new = changed.json()
    secrets += [each[name] for each in (got, next_, new) for name in ("access_token", "refresh_token")]
    secrets += [each["access_token"].split(".")[2] for each in (got, next_, new)]
    for secret in secrets:
        assert secret not in kept
        assert secret.encode().hex() not in kept


async def dump(url: str) -> str:
    """Return every row of every table, as text."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{name}" t') for (name,) in tables]
    finally:
        await connection.close()
    return "\n".join(row[0] for found in rows for row in found)


async def test_whoever_sends_the_token_of_a_command_sees_its_effect(start: Start) -> None:
    here, there = await start(), await start()
    ada = bearer(await tokens(here, (await person(here))["email"]))
    for number in range(5):
        await there("GET", "/auth/me", headers=ada)
        changed = await here.send("PATCH", "/auth/me", {"full_name": f"Ada {number}"}, headers=ada)
        token = changed.headers["consistency-token"]

        seen = await there("GET", "/auth/me", headers=ada | {"consistency-token": token})

        assert seen.json()["full_name"] == f"Ada {number}"


async def test_a_change_is_seen_at_once_here_and_soon_there(start: Start) -> None:
    here, there = await start(), await start()
    ada = bearer(await tokens(here, (await person(here))["email"]))
    await there("GET", "/auth/me", headers=ada)

    await here.send("PATCH", "/auth/me", {"full_name": "Ada"}, headers=ada)

    assert (await here("GET", "/auth/me", headers=ada)).json()["full_name"] == "Ada"

    async def seen_there() -> bool:
        return bool((await there("GET", "/auth/me", headers=ada)).json()["full_name"] == "Ada")

    await until(seen_there)


async def test_p14_the_first_administrator_is_named_once(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    call = await start(database_url=fresh_database_url)
    body = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}

    refused(await call.send("POST", "/auth/setup", body | {"token": "gws_no"}), 403, "identity.setup_closed")
    made = await call.send("POST", "/auth/setup", body)
    again = await call.send("POST", "/auth/setup", body | {"email": address()})

    assert (made.status, made.json()["is_superuser"]) == (201, True)
    refused(again, 403, "identity.setup_closed")
    root = bearer(await tokens(call, body["email"]))
    assert [each["id"] for each in (await call("GET", "/auth/users", headers=root)).json()["items"]] == [
        made.json()["id"]
    ]
    last = await call("DELETE", f"/auth/users/{made.json()['id']}", headers=root)
    refused(last, 409, "identity.last_superuser")
    ada = await person(call)
    closed = await call("POST", f"/auth/users/{ada['id']}/deactivate", headers=root | {"if-match": '"1"'})
    assert (closed.status, closed.body) == (204, b"")
    seen = await call("GET", f"/auth/users/{ada['id']}", headers=root)
    assert (seen.json()["is_active"], seen.headers["etag"]) == (False, '"2"')
    stale = await call("POST", f"/auth/users/{ada['id']}/activate", headers=root | {"if-match": '"1"'})
    refused(stale, 412, "request.precondition_failed")
    assert (await call("POST", f"/auth/users/{ada['id']}/activate", headers=root)).status == 204
    assert (await call("DELETE", f"/auth/users/{ada['id']}", headers=root)).status == 204
    refused(await call("GET", f"/auth/users/{ada['id']}", headers=root), 404, "identity.user_not_found")
