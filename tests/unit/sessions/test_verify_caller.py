"""Saying who asks."""

import pytest

from domain.kernel.errors import InvalidToken
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.queries.verify_caller import VerifyCaller
from tests.support.app import App


async def test_says_who_asks_and_in_which_session(app: App) -> None:
    ada = await app.signed_up()
    tokens = await app.signed_in()

    caller = await app.send(VerifyCaller(), as_=tokens)

    assert (caller.subject, caller.session, caller.organization) == (ada.id, tokens.session_id, None)


async def test_leaves_no_trace(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    facts, audited = list(app.facts), list(app.audited)

    await app.send(VerifyCaller(), as_=tokens)

    assert (app.facts, app.audited) == (facts, audited)


async def test_s5_refuses_a_session_that_ended(app: App) -> None:
    await app.signed_up()
    tokens = await app.signed_in()
    await app.send(SignOut(), as_=tokens)

    with pytest.raises(InvalidToken):
        await app.send(VerifyCaller(), as_=tokens)
