"""What the kit for consumers knows of kinds is what the service says of them."""

from core.event_examples import example
from core.event_schemas import declared
from domain.events import kinds
from gatewright_events.events import matches
from gatewright_events.kinds import KINDS


def test_every_kind_that_has_a_digest_can_be_copied() -> None:
    assert KINDS.keys() == {name for name, kind in kinds.KINDS.items() if not kind.is_part}


def test_the_patterns_of_a_kind_match_all_events_of_its_aggregate_and_no_others() -> None:
    events = [example(kind) for kind in declared().values()]
    assert events
    for event in events:
        found = {kind for kind, patterns in KINDS.items() if matches(patterns, event["type"])}
        assert found == {event["aggregatetype"]}, event["type"]
