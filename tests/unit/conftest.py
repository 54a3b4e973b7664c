"""Fixtures of the tests that need no server."""

import pytest

from tests.support.app import App


@pytest.fixture
def app() -> App:
    return App()
