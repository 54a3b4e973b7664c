import json
import re
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from core.exposition import exposition
from core.metrics import Metrics
from tests.unit.docker.files import DOCKER, ROOT, tool

RULES = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
TESTS = yaml.safe_load((DOCKER / "prometheus" / "alerts_test.yml").read_text())["tests"]
BOARD = json.loads((DOCKER / "grafana" / "dashboards" / "gatewright.json").read_text())
ALERTS = [rule["alert"] for rule in RULES]
NAMES = re.compile(r"\b(?:gatewright|http_server)_\w+|\bup\b")
QUERIES = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in BOARD["panels"] for target in panel["targets"]
]


def measured() -> set[str]:
    """Return every name that can be asked for, as Prometheus knows it."""
    shown = exposition(Metrics(CollectorRegistry()).registry).decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", shown, re.MULTILINE))
    names = {name for name, kind in kinds.items() if kind != "histogram"}
    return names | {
        f"{name}_{end}" for name, kind in kinds.items() if kind == "histogram" for end in ("bucket", "count", "sum")
    }


def expected(test: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(each["alertname"], bool(each["exp_alerts"])) for each in test["alert_rule_test"]]


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_asked_for_is_measured(query: str) -> None:
    asked = set(NAMES.findall(query))
    assert asked
    assert asked <= measured() | {"up"}


def test_what_is_measured_can_be_seen() -> None:
    asked = {name for query in QUERIES for name in NAMES.findall(query)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in measured()}
    assert families == {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked - {"up"}}


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_shown_to_fire_and_not_to_fire(alert: str) -> None:
    outcomes = {fires for test in TESTS for name, fires in expected(test) if name == alert}
    assert outcomes == {True, False}


def test_each_alert_and_each_measure_is_explained() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    assert re.findall(r"^### (Gatewright\w+)$", manual, re.MULTILINE) == ALERTS
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in measured()}
    assert set(re.findall(r"^\| `((?:gatewright|http)_\w+)`", manual, re.MULTILINE)) == families


def test_each_alert_has_a_severity_and_a_sentence() -> None:
    assert all(rule["labels"]["severity"] in {"critical", "warning"} for rule in RULES)
    assert all(rule["annotations"]["summary"] for rule in RULES)


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "--lint-fatal", "prometheus.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_agrees(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [tool("promtool"), *command], cwd=DOCKER / "prometheus", capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("panel", BOARD["panels"], ids=lambda panel: panel["title"])
def test_prometheus_can_read_what_each_panel_asks(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        rules = {
            "groups": [
                {
                    "name": "panel",
                    "rules": [{"record": "asked", "expr": target["expr"].replace("$__rate_interval", "1m")}],
                }
            ]
        }
        done = subprocess.run(
            [tool("promtool"), "check", "rules", "/dev/stdin"],
            input=yaml.safe_dump(rules),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_what_grafana_is_told_to_load() -> None:
    provisioning = DOCKER / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "gatewright.yaml").read_text())["providers"]
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {source["uid"]}
    mounts = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in BOARD["panels"]]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in BOARD["panels"]})
