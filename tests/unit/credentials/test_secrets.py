import os
from base64 import b64encode
from secrets import token_hex, token_urlsafe

import pytest

from core.secrets import Sealed, Secrets, weak

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_each_purpose_has_its_own_key() -> None:
    secrets = Secrets(NEW)
    assert len({secrets.derive("a"), secrets.derive("b"), Secrets(OLD).derive("a")}) == 3
    assert len(secrets.derive("a")) == 32
    assert secrets.derive("a") == Secrets(NEW, (OLD,)).derive("a")


def test_every_key_is_found_by_its_id_the_current_one_first() -> None:
    (new_id, new), (old_id, old) = Secrets(NEW, (OLD,)).every("a").items()
    assert (new, old) == (Secrets(NEW).derive("a"), Secrets(OLD).derive("a"))
    assert Secrets(OLD).every("b").keys() == {old_id}
    assert all(0 <= key_id < 2**16 for key_id in (new_id, old_id))


def test_a_retired_secret_opens_and_proves_nothing() -> None:
    secrets = Secrets(NEW, retired=(OLD,))
    assert secrets.opening("a") == (Secrets(NEW).derive("a"), Secrets(OLD).derive("a"))
    assert secrets.every("a") == Secrets(NEW).every("a")
    with pytest.raises(ValueError, match="secret"):
        Secrets(NEW, (OLD,), (OLD,))


@pytest.mark.parametrize(("current", "previous"), [(b"x" * 31, ()), (NEW, (b"short",)), (NEW, (NEW,))])
def test_refuses_short_and_repeated_secrets(current: bytes, previous: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="secret"):
        Secrets(current, previous)


def test_i10_does_not_show_itself() -> None:
    assert repr(NEW)[2:10] not in repr(Secrets(NEW, (OLD,)))
    assert repr(OLD) not in repr(Sealed(OLD))


@pytest.mark.parametrize(
    "text",
    ["", "short", "a" * 64, "ab" * 32, "0123456789abcdef" * 2, "abcdefghijklmnopqrstuvwxyz0123456789", "1234567890" * 4,
     "changeme-changeme-changeme-please", "your-secret-key-change-me-in-production", "gatewright-development-secret-not-safe",
     "insecure-default-secret-for-testing", "hunter2hunter2hunter2hunter2hunter2"],
)  # fmt: skip
def test_says_why_a_secret_is_weak(text: str) -> None:
    reason = weak(text)
    assert reason
    assert not text or text not in reason


def test_random_secrets_are_strong() -> None:
    for _ in range(200):
        assert weak(token_hex(16)) is None
        assert weak(token_hex(32)) is None
        assert weak(token_urlsafe(32)) is None
        assert weak(b64encode(os.urandom(32)).decode()) is None


def test_opens_what_it_sealed() -> None:
    sealed = Sealed(OLD).seal(b"plain", b"place")
    assert b"plain" not in sealed
    assert len(sealed) == len(b"plain") + 29
    assert Sealed(OLD).open(sealed, b"place") == b"plain"
    assert Sealed(NEW, (OLD,)).open(sealed, b"place") == b"plain"
    assert Sealed(OLD).seal(b"plain", b"place") != sealed


def test_refuses_any_change() -> None:
    sealed = Sealed(OLD).seal(b"plain", b"place")
    changed = [sealed[:at] + bytes([byte ^ 1]) + sealed[at + 1 :] for at, byte in enumerate(sealed)]
    for other in (*changed, b"", sealed[:1], sealed[:28], sealed[:-1], sealed + b"x"):
        with pytest.raises(ValueError, match="sealed"):
            Sealed(OLD).open(other, b"place")


def test_refuses_another_place_and_another_key() -> None:
    sealed = Sealed(OLD).seal(b"plain", b"place")
    with pytest.raises(ValueError, match="moved"):
        Sealed(OLD).open(sealed, b"elsewhere")
    with pytest.raises(ValueError, match="another key"):
        Sealed(NEW).open(sealed, b"place")


@pytest.mark.parametrize("key", [b"", b"x" * 16, b"x" * 33])
def test_seals_with_256_bit_keys_only(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealed(key)
