"""Refusals about erasures."""

from domain.kernel.errors import NotFound


class ErasureNotFound(NotFound):
    """Nobody with this id was erased, or no subscriber of this name was to be told."""

    code = "identity.erasure_not_found"
