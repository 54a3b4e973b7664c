"""Sessions of browsers, whose tokens are in cookies."""

import asyncio
import re

import pytest

from tests.integration.api.conftest import PASSWORD, Start, bearer, person, refused, shut, tokens
from tests.support.browser import Browser
from tests.support.client import Client
from tests.support.facts import until

ACCESS, REFRESH = "__Host-gatewright-access", "__Host-gatewright-refresh"
DEVICE = "__Host-gatewright-device"


@pytest.fixture
async def email(call: Client) -> str:
    return str((await person(call))["email"])


async def signed_in(call: Client, email: str) -> Browser:
    browser = Browser(call)
    answer = await browser("POST", "/auth/login", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer
    return browser


async def test_s2_signing_in_by_a_page_tells_no_script_the_tokens(call: Client, email: str) -> None:
    browser = Browser(call)

    answer = await browser("POST", "/auth/login", {"email": email, "password": PASSWORD})

    assert {*answer.json()} == {"expires_in", "refresh_expires_in", "session_id"}
    assert {*browser.jar} == {ACCESS, REFRESH, DEVICE}
    for name, site in ((ACCESS, "Lax"), (REFRESH, "Strict"), (DEVICE, "Strict")):
        assert browser.flags[name] >= {"Path=/", "Secure", "HttpOnly", f"SameSite={site}"}
        assert not [flag for flag in browser.flags[name] if flag.startswith("Domain")]
        assert browser.jar[name] not in answer.body.decode()
    session = (await browser("GET", "/auth/verify", headers={"x-forwarded-method": "GET"})).json()["session"]
    assert session == answer.json()["session_id"]


async def test_clients_that_do_not_ask_get_no_cookies(call: Client, email: str) -> None:
    browser = Browser(call)

    answer = await browser("POST", "/auth/login", {"email": email, "password": PASSWORD}, asks=False)

    assert answer.json()["access_token"]
    assert not browser.jar


async def test_s1_what_a_browser_had_before_never_becomes_its_session(call: Client, email: str) -> None:
    eve = await tokens(call, (await person(call))["email"])
    browser = Browser(call, jar={ACCESS: eve["access_token"], REFRESH: eve["refresh_token"]})

    answer = await browser("POST", "/auth/login", {"email": email, "password": PASSWORD})

    assert answer.json()["session_id"] != eve["session_id"]
    assert browser.jar[ACCESS] != eve["access_token"]
    assert browser.jar[REFRESH] != eve["refresh_token"]
    assert (await browser("GET", "/auth/me")).json()["email"] == email
    # The session that was there is over: nobody else goes on with it.
    refused(await call("GET", "/auth/me", headers=bearer(eve)), 401, "access.invalid_token")
    again = await call.send("POST", "/auth/refresh", {"refresh_token": eve["refresh_token"]})
    refused(again, 401, "sessions.refresh_refused")


async def test_s1_signing_in_again_is_another_session_and_ends_the_one_before(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    before = dict(browser.jar)

    await browser("POST", "/auth/login", {"email": email, "password": PASSWORD})

    assert all(browser.jar[name] != before[name] for name in (ACCESS, REFRESH))
    refused(await Browser(call, jar=before)("GET", "/auth/me"), 401, "access.invalid_token")
    assert len((await browser("GET", "/auth/sessions")).json()["items"]) == 1


async def test_s1_p11_a_page_that_changes_the_password_goes_on_with_another_session(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    old = dict(browser.jar)
    change = {"current_password": PASSWORD, "new_password": "an entirely new password"}

    answer = await browser("POST", "/auth/password/change", change)

    assert {*answer.json()} == {"expires_in", "refresh_expires_in", "session_id"}
    assert (browser.jar[ACCESS] != old[ACCESS], browser.jar[REFRESH] != old[REFRESH]) == (True, True)
    assert browser.jar[DEVICE] != old[DEVICE]
    assert (await browser("GET", "/auth/me")).status == 200
    assert (await browser("POST", "/auth/refresh")).status == 200
    copy = Browser(call, jar=old)
    refused(await copy("GET", "/auth/me"), 401, "access.invalid_token")
    refused(await copy("POST", "/auth/refresh"), 401, "sessions.refresh_refused")


async def test_a_repeated_sign_in_does_not_end_what_it_began(call: Client, email: str) -> None:
    browser, key = Browser(call), {"idempotency-key": "a-key-of-one-sign-in"}
    for _ in range(2):
        answer = await browser("POST", "/auth/login", {"email": email, "password": PASSWORD}, key)

    assert ("idempotency-replayed", "true") in answer.fields
    assert (await browser("GET", "/auth/me")).status == 200


async def test_p10_a_browser_is_known_by_its_cookie(call: Client, email: str, api_url: str) -> None:
    browser, stranger = await signed_in(call, email), Browser(call)
    assert (await browser("POST", "/auth/logout")).status == 204
    for _ in range(5):
        await stranger("POST", "/auth/login", {"email": email, "password": "wrong"})
    await shut(api_url, email)

    answers = [
        await each("POST", "/auth/login", {"email": email, "password": PASSWORD}) for each in (stranger, browser)
    ]

    assert [each.status for each in answers] == [401, 200]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_s3_another_site_can_neither_sign_anybody_in_nor_act_for_them(
    call: Client, email: str, site: str
) -> None:
    browser = await signed_in(call, email)
    evil = Browser(call, "https://evil.example", site, browser.jar)

    for asks in (True, False):
        for method, path, value in (
            ("POST", "/auth/logout", None),
            ("DELETE", "/auth/sessions?all=true", None),
            ("PATCH", "/auth/me", {"full_name": "Eve"}),
        ):
            refused(await evil(method, path, value, asks=asks), 403, "request.cross_site")
    login = Browser(call, "https://evil.example", site)
    for path, value in (("login", {"email": email, "password": PASSWORD}), ("dev/login", {"email": email})):
        refused(await login("POST", f"/auth/{path}", value), 403, "request.cross_site")
    refused(await evil("POST", "/auth/refresh"), 403, "request.cross_site")
    assert not login.jar
    assert (await browser("GET", "/auth/me")).json()["full_name"] is None


async def test_s3_a_form_of_our_own_page_is_not_enough(call: Client, email: str) -> None:
    browser = await signed_in(call, email)

    refused(await browser("POST", "/auth/logout", asks=False), 403, "request.cross_site")
    plain = {"content-type": "text/plain"}
    refused(await browser("PATCH", "/auth/me", {"full_name": "x"}, plain), 415, "request.unsupported_media_type")
    assert (await browser("PATCH", "/auth/me", {"full_name": "Ada"})).status == 200


async def test_s5_signing_out_ends_the_session_everywhere_and_forgets_the_cookies(start: Start) -> None:
    here, there = await start(), await start()
    browser = await signed_in(here, (await person(here))["email"])
    old = dict(browser.jar)
    elsewhere = Browser(there, jar=dict(old))
    assert (await elsewhere("GET", "/auth/me")).status == 200

    answer = await browser("POST", "/auth/logout")

    assert (answer.status, browser.jar) == (204, {DEVICE: old[DEVICE]})
    copy = Browser(here, jar=dict(old))
    refused(await copy("GET", "/auth/me"), 401, "access.invalid_token")
    refused(await copy("POST", "/auth/refresh"), 401, "sessions.refresh_refused")

    async def refused_there() -> bool:
        return (await elsewhere("GET", "/auth/me")).status == 401

    await until(refused_there)


@pytest.mark.parametrize("access", [None, "x.y.z"])
async def test_s5_a_page_signs_out_also_when_its_access_token_ran_out(
    call: Client, email: str, access: str | None
) -> None:
    browser = await signed_in(call, email)
    token = browser.jar[REFRESH]
    alive, jar = browser.jar[ACCESS], {REFRESH: token} | ({ACCESS: access} if access else {})
    for other in (
        Browser(call, "https://evil.example", "cross-site", dict(jar)),
        Browser(call, "https://evil.example", "same-site", dict(jar)),
    ):
        assert (await other("POST", "/auth/logout")).status == 403
        assert (await other("POST", "/auth/logout", asks=False)).status in {401, 403}
    bearing = Browser(call, jar=dict(jar))
    refused(
        await bearing("POST", "/auth/logout", headers={"authorization": "Bearer x.y.z"}), 401, "access.invalid_token"
    )
    assert (await browser("GET", "/auth/me")).status == 200

    late = Browser(call, jar=dict(jar))
    answer = await late("POST", "/auth/logout")

    assert (answer.status, late.jar) == (204, {})
    refused(await Browser(call, jar={ACCESS: alive})("GET", "/auth/me"), 401, "access.invalid_token")
    refused(await Browser(call, jar={REFRESH: token})("POST", "/auth/refresh"), 401, "sessions.refresh_refused")
    refused(await Browser(call)("POST", "/auth/logout"), 401, "access.unauthenticated")


async def test_s5_neither_signing_in_again_nor_out_is_refused_because_others_revoke_too_much(start: Start) -> None:
    call = await start(revoke_limit=1)
    email = (await person(call))["email"]
    browsers = [await signed_in(call, email) for _ in range(2)]
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "13"}
    assert [(await call("POST", "/auth/revoke", b"token=made-up", form)).status for _ in range(2)] == [200, 429]

    again = await browsers[0]("POST", "/auth/login", {"email": email, "password": PASSWORD})
    late = Browser(call, jar={REFRESH: browsers[1].jar[REFRESH]})
    gone = await late("POST", "/auth/logout")

    assert (again.status, gone.status) == (200, 204)
    assert len((await browsers[0]("GET", "/auth/sessions")).json()["items"]) == 1


async def test_refreshing_replaces_both_cookies(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    before = dict(browser.jar)

    answer = await browser("POST", "/auth/refresh")

    assert {*answer.json()} == {"expires_in", "refresh_expires_in", "session_id"}
    assert all(browser.jar[name] != before[name] for name in (ACCESS, REFRESH))
    assert (await browser("GET", "/auth/me")).status == 200


async def test_o5_tabs_that_refresh_at_once_stay_signed_in(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    tabs = [Browser(call, jar=dict(browser.jar)) for _ in range(10)]

    answers = await asyncio.gather(*(tab("POST", "/auth/refresh") for tab in tabs))

    assert {each.status for each in answers} == {200}
    assert len({tab.jar[REFRESH] for tab in tabs}) == 1
    # Whichever tab was last filled the jar that all of them share.
    assert (await tabs[-1]("POST", "/auth/refresh")).status == 200


async def test_a_refused_refresh_leaves_the_cookies_of_the_tab_that_won(start: Start) -> None:
    call = await start(refresh_grace_seconds=0)
    browser = await signed_in(call, (await person(call))["email"])
    late = Browser(call, jar=dict(browser.jar))

    assert (await browser("POST", "/auth/refresh")).status == 200
    lost = await late("POST", "/auth/refresh")

    refused(lost, 401, "sessions.refresh_refused")
    assert not [name for name, _ in lost.fields if name == "set-cookie"]
    assert (await browser("POST", "/auth/refresh")).status == 200


async def test_a_page_refreshes_by_its_cookie_alone(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    token = browser.jar[REFRESH]

    refused(await browser("POST", "/auth/refresh", {"refresh_token": token}), 400, "request.malformed")
    refused(await Browser(call)("POST", "/auth/refresh"), 400, "request.malformed")
    refused(await Browser(call, jar={REFRESH: "gwr_é" * 500})("POST", "/auth/refresh"), 401, "sessions.refresh_refused")
    refused(await browser("POST", "/auth/refresh", asks=False), 415, "request.unsupported_media_type")
    refused(await browser("POST", "/auth/refresh", headers={"session-transport": "x"}), 400, "request.malformed")


async def test_t4_neither_cookie_stands_for_the_other(call: Client, email: str) -> None:
    browser = await signed_in(call, email)
    crossed = Browser(call, jar={ACCESS: browser.jar[REFRESH], REFRESH: browser.jar[ACCESS]})

    refused(await crossed("GET", "/auth/me"), 401, "access.invalid_token")
    refused(await crossed("POST", "/auth/refresh"), 401, "sessions.refresh_refused")


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 403), ("", 403)])
async def test_s3_a_proxy_that_is_trusted_says_which_method_it_asks_about(
    start: Start, trusted: str, status: int
) -> None:
    call = await start(trusted_proxies=trusted)
    browser = await signed_in(call, (await person(call))["email"])
    navigated = Browser(call, "https://elsewhere.example", "cross-site", browser.jar)

    for method in ("GET", "HEAD"):
        answer = await navigated("GET", "/auth/verify", headers={"x-forwarded-method": method}, asks=False)
        assert answer.status == status
    for more in ({"x-forwarded-method": "POST"}, {"x-forwarded-method": "get"}, {}):
        refused(await navigated("GET", "/auth/verify", headers=more), 403, "request.cross_site")
        assert (await browser("GET", "/auth/verify", headers=more)).status == 200


async def test_a_proxy_is_told_by_cookie_who_asks(call: Client, email: str) -> None:
    answer = await (await signed_in(call, email))("GET", "/auth/verify")

    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-auth-subject"])


async def test_the_cookie_is_described(call: Client) -> None:
    shown = (await call("GET", "/auth/openapi.json")).json()

    assert shown["components"]["securitySchemes"]["cookie"]["name"] == ACCESS
    login = shown["paths"]["/auth/login"]["post"]
    assert {"$ref": "#/components/parameters/SessionTransport"} in login["parameters"]
    assert {"$ref": "#/components/schemas/CookieTokens"} in (
        login["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    )
    assert "request.cross_site" in str(login["responses"]["403"])
    evaluation = shown["paths"]["/access/v1/evaluation"]["post"]
    assert evaluation["security"] == [{"bearer": []}]
