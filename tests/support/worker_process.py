"""A worker as a process, for tests that kill it: `python -m tests.support.worker_process POSTGRES RABBITMQ NAME`.

NAME is that of the exchange, and of the queue of jobs. Its one job, `note`, writes the job's id into the table `noted`.
"""

import asyncio
import logging
import sys
from dataclasses import dataclass
from uuid import UUID

from core.jobs.registry import Job, by_name
from core.postgres.database import Database
from core.rabbit.errand import Errand
from core.worker import Worker


@dataclass(frozen=True)
class Note:
    text: str


async def main(postgres: str, rabbit: str, name: str) -> None:
    database = Database(postgres)

    async def note(_payload: Note, job: UUID) -> None:
        connection = await database.connect()
        await connection.execute("INSERT INTO noted VALUES ($1)", job)
        await connection.close()

    jobs = by_name([Job("note", Note, note)])
    await Worker(database, jobs, rabbit, errand=Errand(exchange=name), queue=f"{name}.jobs").serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(message)s")
    for noisy in ("aiormq", "aio_pika"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    asyncio.run(main(*sys.argv[1:]))
