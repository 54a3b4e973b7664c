"""Signatures, and the receiver that the manual shows."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.secrets import Sealed
from core.webhooks.signing import SealedSecrets, secret_of, signatures
from domain.kernel.ids import WebhookId, uuid7

MANUAL = Path(__file__).parents[3] / "docs" / "webhooks.md"
SECRETS = SealedSecrets(Sealed(b"the key that seals webhooks 32 B"))
BODY = b'{"specversion":"1.0"}'


def test_i7_signs_as_the_reference_implementation_does() -> None:
    secret = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [secret])
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_i7_a_secret_is_sealed_for_one_webhook() -> None:
    ours, theirs = WebhookId(uuid7()), WebhookId(uuid7())
    made = SECRETS.make(ours)
    assert SECRETS.open(ours, made.sealed) == secret_of(made.shown)
    with pytest.raises(ValueError, match="moved"):
        SECRETS.open(theirs, made.sealed)
    assert made.shown not in repr(made)
    assert SECRETS.make(ours).shown != made.shown


Accept = Callable[[Mapping[str, str], bytes, set[str]], int]


@pytest.fixture
def receiver() -> tuple[str, Accept]:
    """Return a secret, and the receiver of the manual that has it."""
    shown = SECRETS.make(WebhookId(uuid7())).shown
    found = re.search(r'```python title="receiver.py"\n(.*?)```', MANUAL.read_text(), re.DOTALL)
    assert found
    program: dict[str, Any] = {}
    exec(found[1].replace("whsec_…", shown), program)
    return shown, program["accept"]


def sent(*secrets: str, at: int | None = None) -> dict[str, str]:
    when = int(time.time()) if at is None else at
    signed = signatures("e1", when, BODY, map(secret_of, secrets))
    return {"webhook-id": "e1", "webhook-timestamp": str(when), "webhook-signature": signed}


def test_i7_the_receiver_of_the_manual_takes_what_we_sign_also_while_secrets_overlap(
    receiver: tuple[str, Accept],
) -> None:
    shown, accept = receiver
    other = SECRETS.make(WebhookId(uuid7())).shown
    for headers in (sent(shown), sent(other, shown), sent(shown, other)):
        assert accept(headers, BODY, set()) == 204


def test_i7_the_receiver_of_the_manual_refuses_everything_else(receiver: tuple[str, Accept]) -> None:
    shown, accept = receiver
    now = int(time.time())
    forged = [
        (sent(SECRETS.make(WebhookId(uuid7())).shown), BODY),
        (sent(shown), BODY + b" "),
        (sent(shown) | {"webhook-id": "e2"}, BODY),
        (sent(shown, at=now - 10) | {"webhook-timestamp": str(now)}, BODY),
        (sent(shown, at=now - 301), BODY),
        (sent(shown, at=now + 310), BODY),
        (sent(shown) | {"webhook-signature": ""}, BODY),
        (sent(shown) | {"webhook-signature": sent(shown)["webhook-signature"].replace("v1,", "v2,")}, BODY),
    ]
    for headers, body in forged:
        assert accept(headers, body, set()) == 401


@pytest.mark.parametrize("text", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64"])
def test_a_secret_that_is_none_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"whsec_|base64|Non-base64|padding|discontinuous"):
        secret_of(text)
