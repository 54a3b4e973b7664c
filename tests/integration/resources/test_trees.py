"""Trees of resources on Postgres, whatever is done to them."""

from hypothesis import HealthCheck, given, settings

from core.postgres.resources import SqlResources
from domain.kernel.ids import OrganizationId, uuid7
from domain.resources.models import ResourceKey
from domain.resources.wanting import Refused, Wanted
from tests.contracts.trees import BATCHES, WALLED, Naive, agrees
from tests.integration.resources.ground import SqlGround
from tests.integration.resources.test_many import register

WALL = """
WITH walled AS (
    INSERT INTO visibility_contents (group_id, organization_id, resource_id)
    SELECT g.id, g.organization_id, r.id FROM visibility_groups g JOIN resources r USING (organization_id)
    WHERE g.organization_id = $1 AND r.external_id = ANY ($2::text[]) ON CONFLICT DO NOTHING RETURNING resource_id
)
UPDATE resources r SET wall_id = (
    SELECT s.id FROM unnest(r.path) WITH ORDINALITY AS s (id, n) JOIN resources w ON w.id = s.id
    WHERE w.external_id = ANY ($2::text[]) ORDER BY n LIMIT 1
)
WHERE r.path && ARRAY(SELECT resource_id FROM walled)
"""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
async def test_many_at_once(ground: SqlGround, batches: list[dict[str, str | None]]) -> None:
    ground.organization_id, naive = OrganizationId(uuid7()), Naive()
    await ground.run(
        "INSERT INTO organizations VALUES ($1::uuid, 'Test', $1::uuid::text, now(), now(), 1)", ground.organization_id
    )
    await ground.run(
        "INSERT INTO visibility_groups VALUES (gen_random_uuid(), $1, 'walled', now(), now(), 1)",
        ground.organization_id,
    )
    for wanted in batches:
        try:
            await register(
                ground,
                [
                    Wanted(ResourceKey("doc", name), None, ResourceKey("doc", parent) if parent else None, {})
                    for name, parent in wanted.items()
                ],
            )
        except Refused:
            assert not naive.put(wanted)
        else:
            assert naive.put(wanted)
        await ground.run(WALL, ground.organization_id, [*WALLED])
        await look(ground, naive)


async def look(ground: SqlGround, naive: Naive) -> None:
    """Fail unless every path and every wall is what the naive look says."""
    work = ground.work()
    keys = {ResourceKey("doc", name) for name in naive.above}
    found = await SqlResources(work).named(ground.organization_id, keys)
    await work.rollback()
    agrees(naive, {each.external_id: (each.id, each.path, each.wall_id) for each in found.values()})
