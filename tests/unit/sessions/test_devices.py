"""Devices, by what browsers, apps and tools really call themselves."""

from time import process_time

import pytest

from domain.sessions.devices import device
from domain.sessions.schemas import Device

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "known"),
    [
        (f"{WINDOWS} {KIT} Chrome/142.0.0.0 Safari/537.36", ("Chrome", "Windows", "desktop")),
        (f"{WINDOWS} {KIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", ("Edge", "Windows", "desktop")),
        (f"{WINDOWS} {KIT} Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0", ("Opera", "Windows", "desktop")),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
            ("Firefox", "Windows", "desktop"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", ("Firefox", "Linux", "desktop")),
        (f"{MAC} {APPLE} Version/26.0 Safari/605.1.15", ("Safari", "macOS", "desktop")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/142.0.0.0", ("Chrome", "ChromeOS", "desktop")),
        (f"{ANDROID} {KIT} Chrome/142.0.0.0 Mobile Safari/537.36", ("Chrome", "Android", "phone")),
        (f"{ANDROID} {KIT} Chrome/142.0.0.0 Safari/537.36", ("Chrome", "Android", "tablet")),
        (
            f"{ANDROID} {KIT} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
            ("Samsung Internet", "Android", "phone"),
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {APPLE} Version/26.0 Mobile/15E148 Safari/604.1",
            ("Safari", "iOS", "phone"),
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) {APPLE} CriOS/142.0 Mobile/15E148 Safari/604.1",
            ("Chrome", "iOS", "phone"),
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) {APPLE} FxiOS/145.0 Safari/605",
            ("Firefox", "iPadOS", "tablet"),
        ),
        ("curl/8.16.0", ("curl", None, "other")),
        ("python-requests/2.32.5", ("python-requests", None, "other")),
        ("okhttp/5.3.0", ("okhttp", None, "other")),
        ("AcmeMail/3.1 (Android 16; Pixel 9)", ("AcmeMail", "Android", "other")),
        ("Firefox", ("Firefox", None, "other")),
        ("Mozilla/5.0 (X11)", (None, "Unix", "desktop")),
    ],
)
def test_recognises_what_it_is_called(user_agent: str, known: tuple[str | None, str | None, str]) -> None:
    assert device(user_agent) == Device(*known)


@pytest.mark.parametrize("user_agent", [None, "", "Mozilla/5.0", "<script>alert(1)</script>", "12345", "/", "é" * 256])
def test_says_nothing_of_what_says_nothing(user_agent: str | None) -> None:
    assert device(user_agent) is None


@pytest.mark.parametrize(
    "text", ["a" * 256, "Mozilla/" + "(" * 248, "a/" * 128, "Chrome " * 36, "Mozilla/" + " " * 248]
)
def test_hostile_text_costs_no_time(text: str) -> None:
    started = process_time()
    for number in range(1_000):
        device(f"{text}{number}")

    assert process_time() - started < 2
