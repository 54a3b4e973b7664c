"""Databases beside one another on a server."""

from urllib.parse import urlsplit, urlunsplit


def sibling(url: str, name: str) -> str:
    """Return the URL of the database `name` on the server of `url`."""
    parts = urlsplit(url)
    # A socket's folder stands in the query, so the authority may be empty: it still needs its two slashes.
    return urlunsplit(parts._replace(path=f"/{name}")) if parts.netloc else f"{parts.scheme}:///{name}?{parts.query}"
