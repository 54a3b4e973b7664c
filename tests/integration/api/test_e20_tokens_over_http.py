"""The service refuses over HTTP what its verifier refuses, and accepts what it accepts."""

import json
from pathlib import Path

import pytest

from attacks import every as attacks
from minting import AUDIENCE, ISSUER, K1, mint
from tests.integration.api.conftest import Start
from tests.support.client import Client
from vectors import every as vectors

ATTACKS = attacks()
VECTORS = [each for each in vectors() if each.key["alg"] != "HS256"]


@pytest.fixture
async def call(start: Start, tmp_path: Path) -> Client:
    """A service with the keys of the attacks and of the vectors."""
    keys = {key["kid"]: key for key in (K1, *(each.key for each in VECTORS))}
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": list(keys.values())}))
    return await start(signing_keys_file=file, issuer=ISSUER, audience=AUDIENCE)


async def asked(call: Client, token: str) -> int:
    """Return the status of a request with the token; a refusal has to be one of RFC 6750."""
    answer = await call("GET", "/auth/sessions", headers=[("authorization", b"Bearer " + token.encode("utf-8"))])
    if answer.status == 401:
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["code"] == "access.invalid_token"
    return answer.status


async def test_t1_e20_no_attack_token_is_accepted_over_http(call: Client) -> None:
    assert await asked(call, mint()) == 200
    found = {name: await asked(call, token) for name, token in ATTACKS.items()}
    # U+0000 is nothing that a request may contain at all.
    wrong = {name: status for name, status in found.items() if status != (400 if "\0" in ATTACKS[name] else 401)}
    assert not wrong
    assert await asked(call, mint()) == 200


async def test_t2_e20_tokens_over_http_equal_the_vectors(call: Client) -> None:
    wrong = {}
    for vector in VECTORS:
        status = await asked(call, vector.token)
        refused = 400 if "\0" in vector.token else 401
        if status != (200 if vector.valid else refused):
            wrong[vector.name] = status
    assert not wrong
