"""What migrations are written with."""

from alembic import op


def execute(script: str) -> None:
    """Run an SQL script of any number of statements; the driver's own prepared statements take only one."""
    connection = op.get_bind().connection.dbapi_connection
    assert connection
    connection.run_async(lambda driver: driver.execute(script))
