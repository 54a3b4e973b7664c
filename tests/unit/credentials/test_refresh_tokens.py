from uuid import UUID

import pytest

from core.refresh_tokens import PREFIX, Presented, RefreshTokens
from core.secrets import Secrets

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
FAMILY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
TOKENS = RefreshTokens(Secrets(NEW, (OLD,)).every("refresh tokens"))
TOKEN = TOKENS.derive(FAMILY, TOKENS.current_key_id, 3)


def test_reads_what_it_derived() -> None:
    assert TOKEN.startswith(PREFIX)
    assert TOKENS.read(TOKEN) == Presented(FAMILY, TOKENS.current_key_id, 3)


def test_o5_every_process_derives_the_same() -> None:
    assert RefreshTokens(Secrets(NEW).every("refresh tokens")).derive(FAMILY, TOKENS.current_key_id, 3) == TOKEN


@pytest.mark.parametrize(("family", "generation"), [(FAMILY, 4), (FAMILY, 2), (UUID(int=1), 3)])
def test_each_family_and_generation_has_its_own(family: UUID, generation: int) -> None:
    assert TOKENS.derive(family, TOKENS.current_key_id, generation) != TOKEN


def test_generations_may_be_many() -> None:
    most = 2**63 - 1
    read = TOKENS.read(TOKENS.derive(FAMILY, TOKENS.current_key_id, most))
    assert read == Presented(FAMILY, TOKENS.current_key_id, most)


def test_tokens_outlive_a_change_of_the_secret() -> None:
    before = RefreshTokens(Secrets(OLD).every("refresh tokens"))
    token = before.derive(FAMILY, before.current_key_id, 1)

    assert TOKENS.current_key_id != before.current_key_id
    assert TOKENS.read(token) == Presented(FAMILY, before.current_key_id, 1)
    assert RefreshTokens(Secrets(NEW).every("refresh tokens")).read(token) is None


def test_refuses_any_change() -> None:
    for at, character in enumerate(TOKEN):
        for other in ("A", "Z", "_", "=", ""):
            if other != character:
                assert TOKENS.read(TOKEN[:at] + other + TOKEN[at + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    ["", PREFIX, TOKEN + "=", TOKEN + "\n", " " + TOKEN, TOKEN[4:], "gwx_" + TOKEN[4:], PREFIX + "A" * 78, PREFIX + "é" * 78,
     PREFIX + "\ud800" * 78, PREFIX + "=" * 78, TOKEN * 10_000, PREFIX + "+" + TOKEN[5:], "ey" * 41],
)  # fmt: skip
def test_refuses_what_is_no_token(text: str) -> None:
    assert TOKENS.read(text) is None


def test_another_purpose_makes_other_tokens() -> None:
    assert RefreshTokens(Secrets(NEW, (OLD,)).every("cursors")).read(TOKEN) is None
