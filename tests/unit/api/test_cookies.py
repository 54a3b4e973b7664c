"""Which requests of browsers count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.cookies import ACCESS, REFRESH, Pages, cookie, kept, left, moved
from api.refusals import CrossSite, Malformed
from core.pipeline import Answer as Done
from core.pipeline import Call
from domain.kernel.errors import ConcurrentChange, DomainError, TooManyRequests, Unauthenticated, Unavailable
from domain.kernel.ids import SessionId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.sessions.commands.revoke_token import RevokeToken
from domain.sessions.commands.sign_out import SignOut
from tests.support.client import Answer, Client

OWN, LISTED = "https://auth.example.com", "https://app.example.com"
PAGES = Pages.of(f"{OWN}/base", [LISTED])
SCRIPT = {"session-transport": "cookie"}
GOOD = {"cookie": f"{ACCESS.decode()}=good"}
SENT = [
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin", "origin": "https://name.behind.a.proxy"},
    {"sec-fetch-site": "none"},
    {"origin": OWN},
    {"origin": OWN, "sec-fetch-site": "same-origin"},
    {"origin": LISTED, "sec-fetch-site": "same-site"},
    {"origin": LISTED},
]
NOT_SENT = [
    {},
    {"origin": "null"},
    {"origin": "null", "sec-fetch-site": "same-origin"},
    {"origin": "https://evil.example"},
    {"origin": f"{OWN}.evil.example"},
    {"origin": "http://auth.example.com"},
    {"origin": f"{OWN}:8443"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-site"},
    {"origin": OWN, "sec-fetch-site": "cross-site"},
    {"origin": LISTED, "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": ""},
]


def given(*parts: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for part in parts for name, value in part.items()}


@pytest.fixture
def browser(build: Callable[..., Client]) -> Client:
    client = build(pages=PAGES)
    client.token = None
    return client


@pytest.mark.parametrize("sent", SENT)
def test_s3_a_script_of_our_own_page_is_known_by_both_signs(sent: dict[str, str]) -> None:
    assert PAGES.sent(given(SCRIPT, sent))
    assert not PAGES.sent(given(sent))
    assert not PAGES.sent(given({"session-transport": "cookies"}, sent))


@pytest.mark.parametrize("sent", NOT_SENT)
def test_s3_what_may_come_from_another_site_does_not_count(sent: dict[str, str]) -> None:
    assert not PAGES.sent(given(SCRIPT, sent))
    for method in ("POST", "PUT", "PATCH", "DELETE", "get", "", None):
        with pytest.raises(CrossSite):
            PAGES.credential(method, given(SCRIPT, GOOD, sent))
    with pytest.raises(CrossSite):
        PAGES.asked(given(SCRIPT, sent))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_takes_the_cookie_alone(method: str) -> None:
    assert PAGES.credential(method, given(GOOD, {"sec-fetch-site": "cross-site"})) == b"good"


def test_a_transport_that_is_none_of_ours_is_refused() -> None:
    assert not PAGES.asked(given(SENT[0]))
    with pytest.raises(Malformed):
        PAGES.asked(given({"session-transport": "header"}, SENT[0]))


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("", None),
        ("other=1", None),
        (f"x{ACCESS.decode()}=1", None),
        (ACCESS.decode().lower().replace("__host", "__HOST") + "=1", None),
        (f"{ACCESS.decode()}=1", b"1"),
        (f"a=b;{ACCESS.decode()}=1=2 ; c=d", b"1=2"),
        (f"{ACCESS.decode()}=1; {ACCESS.decode()}=1", b""),
    ],
)
def test_finds_a_cookie_by_its_exact_name_and_trusts_none_of_two(sent: str, found: bytes | None) -> None:
    assert cookie(given({"cookie": sent}), ACCESS) == found


def test_s2_no_script_reads_the_cookies_and_no_other_host_sets_them() -> None:
    told, headers = kept(TOKENS)

    assert [value for _, value in headers] == [
        ACCESS + b"=a.b.c; Max-Age=900; Path=/; Secure; HttpOnly; SameSite=Lax",
        REFRESH + b"=gwr_x; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Strict",
    ]
    assert all(value.startswith(b"__Host-") and b"domain" not in value.lower() for _, value in headers)
    assert told.__struct_fields__ == ("expires_in", "refresh_expires_in", "session_id")


@dataclass
class Refusing:
    """Refuses whatever is asked."""

    error: DomainError
    asked: list[Message[Any]] = field(default_factory=list)

    async def __call__(self, message: Message[Any], call: Call) -> Done[Any]:
        self.asked.append(message)
        raise self.error


BEFORE = {"cookie": f"{REFRESH.decode()}=gwr_before"}
TOKENS = Tokens("a.b.c", "gwr_x", 900, 604_800, SessionId(uuid7()))


@pytest.mark.parametrize("error", [TooManyRequests(), Unavailable(), ConcurrentChange()])
async def test_s1_new_tokens_reach_the_browser_though_the_session_before_cannot_be_ended(error: DomainError) -> None:
    dispatch = Refusing(error)

    _, headers = await moved(given(BEFORE), dispatch, Call(), Done(TOKENS), refreshed=False, renewed=False)

    assert dispatch.asked == [RevokeToken(token="gwr_before")]
    assert len(headers) == 2


@pytest.mark.parametrize(("more", "asks"), [({}, 0), ({"authorization": "Bearer good"}, 1)])
async def test_s1_where_all_sessions_have_ended_none_is_ended_again(more: dict[str, str], asks: int) -> None:
    dispatch = Refusing(Unavailable())

    await moved(given(BEFORE, more), dispatch, Call(), Done(TOKENS), refreshed=False, renewed=True)

    # One that asked by another token may be somebody else.
    assert len(dispatch.asked) == asks


@dataclass
class SignedOut(Refusing):
    """Knows no access token any more, and refuses the rest."""

    async def __call__(self, message: Message[Any], call: Call) -> Done[Any]:
        if not isinstance(message, RevokeToken):
            raise Unauthenticated
        return await Refusing.__call__(self, message, call)


async def test_s5_signing_out_is_never_too_often_but_owns_up_to_what_did_not_end() -> None:
    sent = given(BEFORE, SCRIPT, SENT[0])

    assert (await left(sent, SignedOut(TooManyRequests()), PAGES, SignOut(), Call())).result is None
    for error in (Unavailable(), ConcurrentChange()):
        with pytest.raises(type(error)):
            await left(sent, SignedOut(error), PAGES, SignOut(), Call())


async def test_s3_cookies_that_came_along_change_nothing(browser: Client) -> None:
    body = {"title": "new", "key": "k"}

    assert (await browser("GET", "/auth/notes", headers=GOOD)).status == 200
    for more in ({}, SCRIPT, SENT[0], SCRIPT | {"origin": "https://evil.example"}):
        refused(await browser.send("POST", "/auth/notes", body, GOOD | more))
        refused(await browser("DELETE", "/auth/notes", headers=GOOD | more))
    assert (await browser.send("POST", "/auth/notes", body, GOOD | SCRIPT | SENT[0])).status == 201


async def test_a_bearer_token_counts_before_a_cookie(browser: Client) -> None:
    bad = {"cookie": f"{ACCESS.decode()}=bad"}

    assert (await browser("DELETE", "/auth/notes", headers=bad | {"authorization": "Bearer good"})).status == 204
    assert (await browser("GET", "/auth/notes", headers=GOOD | {"authorization": "Bearer bad"})).status == 401
    assert (await browser("GET", "/auth/notes", headers=GOOD | {"authorization": "Basic YTpi"})).status == 401


async def test_of_two_cookie_headers_none_counts(browser: Client) -> None:
    twice = [("cookie", GOOD["cookie"])] * 2

    assert (await browser("GET", "/auth/notes", headers=twice)).status == 401


async def test_a_stale_cookie_keeps_nobody_from_what_is_open_to_anyone(browser: Client) -> None:
    answer = await browser.send("POST", "/auth/login", {"name": "ada", "password": "x"}, GOOD)

    assert answer.json()["code"] == "notes.sign_in_refused"


def refused(answer: Answer) -> None:
    assert (answer.status, answer.json()["code"]) == (403, "request.cross_site")
