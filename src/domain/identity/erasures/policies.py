"""How erasures are followed up."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ErasurePolicy:
    """Who keeps copies of personal data, and until when they have to confirm that theirs are gone."""

    subscribers: tuple[str, ...] = ()
    within: timedelta = timedelta(days=30)
