"""Say what failed as soon as it fails: a run that is cut off before its summary has said it all the same."""

import os

import pytest


class AtOnce:
    """Writes each failure when it is reported."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            terminal = self.config.pluginmanager.get_plugin("terminalreporter")
            assert terminal
            terminal.write_line("")
            terminal.write_line(f"FAILED at {report.when}: {report.nodeid} ({report.duration:.1f} s)", red=True)
            terminal.write_line(report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(config))
