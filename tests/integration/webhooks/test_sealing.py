"""Secrets of webhooks outlive the master secret that sealed them."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from core.jobs.registry import Nothing
from core.secrets import Sealed
from core.webhooks.sealing import BATCH, SealingWebhooks
from core.webhooks.signing import SealedSecrets, secret_of
from domain.kernel.ids import uuid7
from tests.integration.webhooks.ground import SECRETS, SqlGround

NEW = b"another key that seals them 32 B"
FILL = """
INSERT INTO webhooks (id, organization_id, url, description, event_types, is_enabled, secret, created_by, created_at, updated_at, version)
SELECT gen_random_uuid(), organization_id, url, description, event_types, is_enabled, 'nothing opens this', created_by, now(), now(), 1
FROM webhooks, generate_series(1, $1) LIMIT $1
"""


async def test_what_an_earlier_master_secret_sealed_is_sealed_anew_and_the_rest_left_alone(
    ground: SqlGround, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    later = datetime.now(UTC) + timedelta(hours=1)
    made, shown = await ground.webhook("https://one.example.org")
    other, overlapping = await ground.webhook("https://two.example.org", previous_until=later)
    await ground.run(FILL, 2 * BATCH)
    previous = SECRETS.make(other.id)
    await ground.run("UPDATE webhooks SET previous_secret = $2 WHERE id = $1", other.id, previous.sealed)
    both, new = SealedSecrets(Sealed(NEW, (SECRETS.sealed.key,))), SealedSecrets(Sealed(NEW))
    job = SealingWebhooks(ground.database, both)

    await job.run(Nothing(), uuid7())

    async def kept() -> list[tuple[bytes, bytes | None, int]]:
        async with ground.database.read() as connection:
            rows = await connection.fetch("SELECT * FROM webhooks WHERE id = ANY ($1) ORDER BY id", [made.id, other.id])
        return [(row["secret"], row["previous_secret"], row["version"]) for row in rows]

    first, second = await kept()
    assert new.open(made.id, first[0]) == secret_of(shown)
    assert new.open(other.id, second[0]) == secret_of(overlapping)
    assert second[1]
    assert new.open(other.id, second[1]) == secret_of(previous.shown)
    assert (first[1], first[2], second[2]) == (None, made.version, other.version)
    assert "3 secrets of webhooks are sealed under the new master secret" in caplog.text
    await job.run(Nothing(), uuid7())
    assert await kept() == [first, second]
