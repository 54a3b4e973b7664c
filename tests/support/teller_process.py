"""What tells webhooks, as a process, for tests that kill it: `python -m tests.support.teller_process POSTGRES`."""

import asyncio
import sys
from ipaddress import ip_network

from core.jobs.registry import by_name
from core.keys import Keys
from core.outbound.calling import Outbound
from core.secrets import Secrets
from core.webhooks.disabling import disabling
from core.webhooks.teller import Teller
from core.worker import Worker
from domain.keys.policies import KeyPolicy
from tests.integration.webhooks.ground import SECRETS
from tests.support.databases import patient

LOOPBACK = Outbound((ip_network("127.0.0.0/8"),), http=True)
KEYS = Keys(Secrets(b"a master secret for webhooks 32 B"), None, KeyPolicy())


async def main(postgres: str) -> None:
    database = patient(postgres)
    await database.open()
    teller = Teller(database, LOOPBACK, SECRETS, disabling(database, KEYS), people=KEYS.people)
    await Worker(database, by_name([]), teller=teller).serve()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
