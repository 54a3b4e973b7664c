"""The feed over HTTP."""

import asyncio

from core.keys import Keys
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, refused, tokens


async def test_who_signs_out_while_waiting_is_refused(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    call = await start(database_url=fresh_database_url)
    body = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    await call.send("POST", "/auth/setup", body)
    root = bearer(await tokens(call, body["email"]))
    end = (await call("GET", "/auth/events", headers=root)).json()["next"]
    asked = asyncio.get_running_loop().time()

    waiting, out = await asyncio.gather(
        call("GET", f"/auth/events?after={end}&wait=2", headers=root), call("POST", "/auth/logout", headers=root)
    )

    assert out.status == 204
    assert asyncio.get_running_loop().time() - asked >= 1.9, "it was refused before it waited"
    refused(waiting, 401, "access.invalid_token")
