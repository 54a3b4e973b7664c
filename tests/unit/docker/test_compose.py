import importlib.util
import re
from typing import Any

import pytest

from tests.unit.docker.files import DOCKER, ROOT, compose, services

SERVICES = services()
OURS = ("api", "migrator", "worker")
STORES = ("mongo", "postgres", "rabbitmq", "redis")
SECRET = re.compile(r"password|secret$|_pass$|token", re.IGNORECASE)
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
every_service = pytest.mark.parametrize("name", SERVICES)


def environment(name: str) -> dict[str, str]:
    held: dict[str, str] = SERVICES[name].get("environment", {})
    return held


def published(service: dict[str, Any]) -> list[str]:
    ports: list[str] = service.get("ports", [])
    return ports


def test_the_stack_is_whole() -> None:
    assert set(SERVICES) == {*OURS, *STORES, "grafana", "nginx", "prometheus"}


@every_service
def test_containers_are_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()


@every_service
def test_nobody_is_root(name: str) -> None:
    user, _, _ = SERVICES[name]["user"].partition(":")
    assert user.isdigit()
    assert int(user) > 0


@every_service
def test_every_service_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    if check.get("disable"):
        assert name == "migrator"
        assert SERVICES[name]["restart"] == "no"
    else:
        assert check["test"][0] in {"CMD", "CMD-SHELL"}
        assert check["retries"]


@every_service
def test_i10_no_secret_stands_in_the_file(name: str) -> None:
    for key, value in environment(name).items():
        if SECRET.search(key):
            assert REQUIRED.fullmatch(value), key
        if "://" in value:
            credentials = value.partition("://")[2].rpartition("@")[0]
            assert not credentials or REQUIRED.fullmatch(credentials.partition(":")[2]), key
    for argument in (*SERVICES[name].get("command", ()), *SERVICES[name]["healthcheck"].get("test", ())):
        assert not re.search(r"(?<!\$)\$\{", argument), "an argument can be read by every process"


def test_what_must_be_set_is_named_in_the_example_and_empty_there() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    example = dict(
        line.split("=", 1)
        for line in (DOCKER / ".env.example").read_text().splitlines()
        if "=" in line and line[0] != "#"
    )
    required = set(REQUIRED.findall(text))
    optional = set(re.findall(r"\$\{(\w+):-", text))
    assert {name for name, value in example.items() if not value} - optional == required
    assert set(example) == required | optional
    assert len(required) == len({*re.findall(r"\$\{(\w+):\?", text)})


def test_only_the_front_and_the_screens_are_published_and_only_to_this_machine() -> None:
    ports = {name: published(service) for name, service in SERVICES.items() if published(service)}
    assert set(ports) == {"grafana", "nginx"}
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each)


def test_stores_and_measurements_cannot_be_reached_from_the_front() -> None:
    networks = compose()["networks"]
    assert networks["back"]["internal"] is networks["watch"]["internal"] is True
    assert all(SERVICES[name]["networks"] == ["back"] for name in STORES)
    assert SERVICES["nginx"]["networks"] == ["front"]


def test_the_api_believes_the_front_alone() -> None:
    [front] = compose()["networks"]["front"]["ipam"]["config"]
    assert environment("api")["GATEWRIGHT_TRUSTED_PROXIES"] == front["subnet"]
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"api", "nginx"}


def test_nothing_serves_before_the_migrations_are_done() -> None:
    for name in ("api", "worker"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrator"] == {"condition": "service_completed_successfully"}
        assert all(needs[store] == {"condition": "service_healthy"} for store in STORES)
    assert [SERVICES[name]["command"] for name in OURS] == [["serve"], ["migrate"], ["worker"]]


def test_what_prometheus_asks_is_where_it_asks() -> None:
    text = (DOCKER / "prometheus" / "prometheus.yml").read_text()
    asked = set(re.findall(r"names: \[(\w+)\], type: A, port: (\d+)", text))
    assert asked == {
        ("api", environment("api")["GATEWRIGHT_PORT"]),
        ("worker", environment("worker")["GATEWRIGHT_METRICS_PORT"]),
    }
    assert all("watch" in SERVICES[name]["networks"] for name in ("api", "prometheus", "worker"))


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    local = [mount for mount in mounts if mount.startswith(".")]
    assert local
    assert all((DOCKER / mount).exists() for mount in local)
    assert {mount for mount in mounts if not mount.startswith(".")} == set(compose()["volumes"])


def test_images_have_versions() -> None:
    images = {service["image"] for name, service in SERVICES.items() if name not in OURS}
    assert all(re.search(r":v?\d", image) for image in images)


@pytest.mark.skipif(importlib.util.find_spec("core.settings") is None, reason="there are no settings yet")
def test_every_setting_exists() -> None:
    settings = importlib.import_module("core.settings").Settings
    known = {f"GATEWRIGHT_{field.upper()}" for field in settings.model_fields}
    dockerfile = re.findall(r"\b(GATEWRIGHT_\w+)=", (DOCKER / "Dockerfile").read_text())
    used = {key for name in OURS for key in environment(name)} | set(dockerfile)
    assert used
    assert used <= known
    documented = set(re.findall(r"`(GATEWRIGHT_[A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert documented <= known
