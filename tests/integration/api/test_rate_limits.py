"""Limits are announced to those whom they concern, and to nobody else."""

import re

from tests.integration.api.conftest import PASSWORD, Start, address, person, refused, shut
from tests.support.client import Client
from tests.support.http import once

LEFT = re.compile(r'"([a-z_]+)";r=(\d+);t=(\d+)')


def told(answer: object) -> list[tuple[str, int, int]]:
    headers = answer.headers  # type: ignore[attr-defined]
    return [(name, int(left), int(resets)) for name, left, resets in LEFT.findall(headers.get("ratelimit", ""))]


async def sign_in(call: Client, email: str, password: str = PASSWORD) -> object:
    return await call.send("POST", "/auth/login", {"email": email, "password": password})


async def test_f11_whoever_signs_in_is_told_how_often_they_may(start: Start) -> None:
    call = await start(sign_in_limit=3)
    call.peer = "192.0.2.11"
    email = (await person(call))["email"]

    answers = [await sign_in(call, email), await sign_in(call, email, "wrong"), await sign_in(call, email)]

    assert [each.status for each in answers] == [200, 401, 200]  # type: ignore[attr-defined]
    for left, answer in zip((2, 1, 0), answers, strict=True):
        assert answer.headers["ratelimit-policy"] == '"sign_in";q=3;w=60'  # type: ignore[attr-defined]
        ((name, shown, resets),) = told(answer)
        assert (name, shown) == ("sign_in", left)
        assert 1 <= resets <= 60
    over = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})
    refused(over, 429, "request.too_many")
    ((_, left, resets),) = told(over)
    assert left == 0
    assert over.headers["retry-after"] == str(resets)


async def test_f12_the_limit_goes_by_the_address_that_proxies_tell_only_if_they_are_trusted(start: Start) -> None:
    call = await start(sign_in_limit=2)
    call.peer = "192.0.2.12"
    body = {"email": address(), "password": PASSWORD}
    for number in range(2):
        assert (await call.send("POST", "/auth/login", body, {"x-forwarded-for": f"203.0.113.{number}"})).status == 401

    answer = await call.send("POST", "/auth/login", body, {"x-forwarded-for": "203.0.113.9"})

    refused(answer, 429, "request.too_many")


async def test_i8_authentik_cve_2024_47070_what_is_no_address_skips_no_limit(start: Start) -> None:
    call = await start(sign_in_limit=2, trusted_proxies="192.0.2.13")
    call.peer = "192.0.2.13"
    body = {"email": address(), "password": PASSWORD}
    for text in ("a", "unknown"):
        assert (await call.send("POST", "/auth/login", body, {"x-forwarded-for": text})).status == 401

    refused(await call.send("POST", "/auth/login", body, {"x-forwarded-for": "\x01"}), 429, "request.too_many")


async def test_i12_nobodys_mailbox_is_filled_and_nobody_is_told_that_it_was_tried(start: Start) -> None:
    call = await start()
    call.peer = "192.0.2.14"
    email = (await person(call))["email"]

    answers = [await call.send("POST", "/auth/password/forgot", {"email": email}) for _ in range(8)]
    stranger = await call.send("POST", "/auth/password/forgot", {"email": address()})

    assert {each.status for each in answers} == {stranger.status}
    for each in (*answers, stranger):
        assert {name for name, _, _ in told(each)} <= {"forgot"}


async def test_without_a_limit_nothing_is_told(start: Start) -> None:
    call = await start(sign_in_limit=0)
    email = (await person(call))["email"]

    answer = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})

    assert "ratelimit" not in answer.headers
    assert "ratelimit-policy" not in answer.headers


async def test_i12_one_caller_does_not_take_up_what_is_there_for_all(start: Start) -> None:
    call = await start(command_limit=3, search_limit=2)
    email, other = (await person(call))["email"], (await person(call))["email"]
    call.token = (await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})).json()["access_token"]
    question = {"subject": {"type": "user", "id": email}, "resource": {"type": "document", "id": "1"}}
    names = [await call.send("PATCH", "/auth/me", {"full_name": f"Ada {number}"}) for number in range(4)]
    searches = [await call.send("POST", "/access/v1/search/action", question) for _ in range(3)]

    assert [each.status for each in names] == [200, 200, 200, 429], names[0]
    assert [told(each)[0][:2] for each in names] == [("command", left) for left in (2, 1, 0, 0)]
    refused(names[-1], 429, "request.too_many")
    assert [each.status == 429 for each in searches] == [False, False, True]
    assert (await call("GET", "/auth/me")).status == 200
    # Another session is the same caller, and another person is not.
    call.token = None
    again = (await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})).json()["access_token"]
    theirs = (await call.send("POST", "/auth/login", {"email": other, "password": PASSWORD})).json()["access_token"]
    for token, status in ((again, 429), (theirs, 200)):
        call.token = token
        assert (await call.send("PATCH", "/auth/me", {"full_name": "Ada"})).status == status


async def test_i12_nobody_invites_more_than_is_configured(start: Start) -> None:
    call = await start(invitation_limit=2)
    email = (await person(call))["email"]
    call.token = (await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})).json()["access_token"]
    made = await call.send("POST", "/auth/organizations", {"name": "Acme", "slug": address().partition("@")[0]}, once())
    path = f"/auth/organizations/{made.json()['id']}/invitations"

    answers = [await call.send("POST", path, {"email": address(), "role": "member"}, once()) for _ in range(3)]

    assert [each.status for each in answers[:2]] == [201, 201], answers[0]
    refused(answers[2], 429, "request.too_many")
    assert told(answers[2])[0][:2] == ("invitation", 0)


async def test_p10_a_device_is_known_by_its_header(start: Start, api_url: str) -> None:
    call = await start(sign_in_limit=0)
    call.peer = "192.0.2.15"
    email = (await person(call))["email"]
    first = (await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})).json()
    for _ in range(5):
        await call.send("POST", "/auth/login", {"email": email, "password": "wrong"})
    await shut(api_url, email)
    body = {"email": email, "password": PASSWORD}

    refused(await call.send("POST", "/auth/login", body), 401, "sessions.sign_in_refused")
    answer = await call.send("POST", "/auth/login", body, {"device-token": first["device_token"]})

    assert answer.status == 200, answer
    refreshed = await call.send("POST", "/auth/refresh", {"refresh_token": answer.json()["refresh_token"]})
    assert refreshed.json()["device_token"] is None
