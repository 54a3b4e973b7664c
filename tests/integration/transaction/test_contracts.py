"""The transaction on Postgres keeps its promises."""

from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.unit_of_work import UnitOfWorkContract


class TestSqlWork(UnitOfWorkContract):
    pass


class TestSqlIdempotency(IdempotencyContract):
    pass
