"""Pacts are made and verified without a broker of them."""

import pytest


@pytest.fixture(autouse=True)
def untracked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the verifier from reporting each run to its makers."""
    monkeypatch.setenv("PACT_DO_NOT_TRACK", "true")
