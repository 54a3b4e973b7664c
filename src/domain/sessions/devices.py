"""Recognise devices by what clients call themselves, as far as that helps people to know their own again."""

from datetime import datetime
from functools import lru_cache
from re import compile as pattern
from typing import Final

from domain.sessions.schemas import Device

_CLIENTS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""The first that is found counts: nearly all of them call themselves Safari, and most of them Chrome, too."""
_SYSTEMS: Final = (
    ("iPhone", "iOS", "phone"),
    ("iPad", "iPadOS", "tablet"),
    ("Android", "Android", "tablet"),
    ("Windows", "Windows", "desktop"),
    ("CrOS", "ChromeOS", "desktop"),
    ("Macintosh", "macOS", "desktop"),
    ("Linux", "Linux", "desktop"),
    ("X11", "Unix", "desktop"),
)
_PRODUCT: Final = pattern(r"([A-Za-z][\w.+-]{0,63})(?:/\S*)?(?:\s|$)").match
"""The first word, which RFC 9110, section 10.1.5, makes the product."""
_BROWSER: Final = "Mozilla/"


@lru_cache(4096)
def device(user_agent: str | None) -> Device | None:
    """Return what a user agent says of its device, None if it says nothing that is known.

    It is what the client claims, and good for showing only. Browsers hide their versions and more; what is not one, an
    app or a tool, is called by its product. Nothing here takes longer than the text is long.
    """
    if not user_agent:
        return None
    if not user_agent.startswith(_BROWSER):
        product = _PRODUCT(user_agent)
        name, system, kind = product and product[1], _system(user_agent)[0], "other"
    else:
        name = next((name for sign, name in _CLIENTS if sign in user_agent), None)
        system, kind = _system(user_agent)
    return Device(name, system, kind) if name or system else None


def named(user_agent: str | None) -> str:
    """Return what mails call the device of a user agent."""
    said = device(user_agent)
    return " on ".join(each for each in (said.client, said.system) if each) if said else "unknown"


def written(moment: datetime) -> str:
    """Return a time in UTC as mails write it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _system(user_agent: str) -> tuple[str | None, str]:
    for sign, system, kind in _SYSTEMS:
        if sign in user_agent:
            return system, "phone" if system == "Android" and "Mobile" in user_agent else kind
    return None, "other"
