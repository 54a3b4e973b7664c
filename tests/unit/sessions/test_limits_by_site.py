"""Whose attempts at signing in are counted together."""

import pytest

from domain.kernel.access import Origin
from domain.kernel.errors import TooManyRequests
from domain.sessions.commands.sign_in import SignInPolicy
from tests.support.app import App


async def test_i12_counts_the_addresses_of_one_ipv6_customer_together() -> None:
    app = App(sign_in=SignInPolicy(per_minute=1))
    await app.signed_up()
    await app.signed_in(origin=Origin("2001:db8:1:1::1"))

    with pytest.raises(TooManyRequests):
        await app.signed_in(origin=Origin("2001:db8:1:1:ffff::2"))

    assert await app.signed_in(origin=Origin("2001:db8:1:2::1"))
