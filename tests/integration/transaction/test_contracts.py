"""The transaction on Postgres keeps its promises."""

from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.transaction import Ground
from tests.contracts.unit_of_work import UnitOfWorkContract


class TestSqlWork(UnitOfWorkContract):
    pass


class TestSqlIdempotency(IdempotencyContract):
    async def test_i14_a_twin_in_flight_is_refused(self, impatient: Ground) -> None:
        """Whoever meets a twin waits for it, as long as for any lock."""
        await super().test_i14_a_twin_in_flight_is_refused(impatient)
