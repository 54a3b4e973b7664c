"""Markers as they travel."""

from domain.kernel.revocation import Marker
from gatewright_verifier.revocations import WireMarker


def on_the_wire(marker: Marker) -> WireMarker:
    """Return `marker` as facts and pushes carry it."""
    cutoff = marker.cutoff.timestamp() if marker.cutoff else None
    return WireMarker(marker.scope, marker.id, cutoff, marker.epoch)
