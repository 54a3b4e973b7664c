"""Clean up behind commands that did not come to their end."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.kernel.ports import Clock
from domain.organizations.models import FRESH
from domain.organizations.ports import ConfigurationBodies, ConfigurationReader

SOONEST: Final = 6 * FRESH
"""What is older and without a head will never get one, even where clocks differ."""


@dataclass(frozen=True, slots=True)
class ConfigurationCleaner:
    """Collect bodies that nothing refers to: of commands that lost a race or died, and of organizations now gone."""

    bodies: ConfigurationBodies
    reader: ConfigurationReader
    clock: Clock

    async def collect_orphans(self, older_than: timedelta = timedelta(days=1)) -> int:
        """Delete bodies that were written longer ago than `older_than` and never came into force; return how many.

        Raise `ValueError` for less than an hour: a body is written before its head moves, and must live until then.
        """
        if older_than < SOONEST:
            raise ValueError(f"bodies younger than {SOONEST} may still come into force")
        return await self.bodies.collect(self.clock.now() - older_than, self.reader.referenced)
