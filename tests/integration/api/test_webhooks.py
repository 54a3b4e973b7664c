"""Webhooks over HTTP."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from core.keys import Keys
from core.settings import Settings
from domain.kernel.ids import PLATFORM
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, refused, tokens
from tests.integration.api.office import Office
from tests.support.client import Client

KEEPING = ("webhooks:read", "webhooks:write", "visibility:bypass")
MADE = {"url": "https://127.0.0.1:8443/hook", "event_types": ["identity.user.*"]}


@pytest.fixture
async def call(start: Start) -> Client:
    return await start(outbound_networks="127.0.0.0/8")


@pytest.fixture
async def office(call: Client, api_url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(api_url)
    yield await Office(call, connection).open()
    await connection.close()


async def test_a_webhook_is_made_shown_changed_and_deleted(office: Office) -> None:
    keeper = await office.member(*KEEPING)
    path = f"/auth/organizations/{office.id}/webhooks"
    send, headers = office.call.send, keeper.headers

    made = await send("POST", path, MADE, headers)
    assert made.status == 201, made
    assert made.json().keys() == {"id", "secret", "version"}
    one = f"{path}/{made.json()['id']}"
    shown = await office.call("GET", one, headers=headers)
    assert shown.json() | MADE == shown.json()
    assert "secret" not in shown.body.decode()
    tag = shown.headers["etag"]
    changed = await send("PATCH", one, {"is_enabled": False}, headers | {"if-match": tag})
    assert (changed.status, changed.json()["is_enabled"]) == (200, False)
    refused(
        await send("PATCH", one, {"is_enabled": True}, headers | {"if-match": tag}), 412, "request.precondition_failed"
    )
    rotated = await send("POST", f"{one}/secret", {"overlap_hours": 1}, headers)
    assert rotated.json()["secret"] != made.json()["secret"]
    tried = await send("POST", f"{one}/test", None, headers)
    assert tried.status == 202, tried
    told = (await office.call("GET", f"{one}/deliveries?limit=1", headers=headers)).json()["items"]
    assert [(each["id"], each["type"], each["state"]) for each in told] == [
        (tried.json()["delivery_id"], "webhooks.test", "waiting")
    ]
    refused(
        await send("POST", f"{one}/deliveries/{told[0]['id']}/redeliver", None, headers),
        409,
        "webhooks.delivery_under_way",
    )
    assert (await send("POST", f"{one}/redeliver", {}, headers)).json() == {"deliveries": 0}
    assert (await office.call("DELETE", one, headers=headers)).status == 204
    refused(await office.call("GET", one, headers=headers), 404, "webhooks.webhook_not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://127.0.0.1/"}, 422, "request.address_refused"),
        ({"url": "https://10.0.0.1/"}, 422, "request.address_refused"),
        ({"url": "https://169.254.169.254/"}, 422, "request.address_refused"),
        ({"url": "https://0x7f.1/"}, 422, "request.address_refused"),
        ({"event_types": ["identity.user.vanished"]}, 422, "webhooks.event_types_invalid"),
        ({"event_types": []}, 422, "webhooks.event_types_invalid"),
        ({"description": "a\u202eb"}, 422, "request.name_invalid"),
        ({"secret": "whsec_x"}, 400, "request.malformed"),
    ],
)
async def test_i6_what_cannot_be_is_refused(office: Office, body: dict[str, Any], status: int, code: str) -> None:
    keeper = await office.member(*KEEPING)
    answer = await office.call.send("POST", f"/auth/organizations/{office.id}/webhooks", MADE | body, keeper.headers)
    refused(answer, status, code)


async def test_who_does_not_see_everything_may_not_have_it_sent_out(office: Office) -> None:
    path = f"/auth/organizations/{office.id}/webhooks"
    blind = await office.member("webhooks:read", "webhooks:write")
    refused(await office.call.send("POST", path, MADE, blind.headers), 403, "visibility.bypass_required")
    refused(await office.call.send("POST", path, MADE, (await office.member()).headers), 403, "access.forbidden")


async def test_those_of_the_platform_have_a_short_address(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    call = await start(database_url=fresh_database_url, outbound_networks="127.0.0.0/8")
    root = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    assert (await call.send("POST", "/auth/setup", root)).status == 201
    headers = bearer(await tokens(call, root["email"]))

    made = await call.send("POST", "/auth/webhooks", MADE, headers)
    assert made.status == 201, made
    for path in ("/auth/webhooks", f"/auth/organizations/{PLATFORM}/webhooks"):
        listed = (await call("GET", path, headers=headers)).json()["items"]
        assert [each["id"] for each in listed] == [made.json()["id"]]
    one = await call("GET", f"/auth/webhooks/{made.json()['id']}", headers=headers)
    assert one.json()["organization_id"] == str(PLATFORM)
    refused(await call("GET", f"/auth/webhooks/{uuid4()}", headers=headers), 404, "webhooks.webhook_not_found")
    refused(await call("GET", "/auth/webhooks"), 401, "access.unauthenticated")
    assert (await call("GET", "/auth/webhooksx", headers=headers)).status == 404
