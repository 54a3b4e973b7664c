from datetime import UTC, datetime

import msgspec

from core.markers import on_the_wire
from domain.kernel.revocation import Marker, RevocationScope
from gatewright_verifier.revocations import WireMarker

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def test_markers_travel_as_json() -> None:
    at = datetime(2026, 5, 28, 20, 26, 40, 500_000, tzinfo=UTC)
    markers = [
        Marker(RevocationScope.SESSION, "1", LATER, cutoff=at),
        Marker(RevocationScope.USER, "2", LATER, epoch=3),
    ]
    text = msgspec.json.encode([on_the_wire(marker) for marker in markers])
    assert msgspec.json.decode(text) == [
        {"scope": "session", "id": "1", "cutoff": 1_780_000_000.5},
        {"scope": "user", "id": "2", "epoch": 3},
    ]
    assert [*map(on_the_wire, markers)] == msgspec.json.decode(text, type=list[WireMarker])
