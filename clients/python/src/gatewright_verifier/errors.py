"""Why a token was not accepted."""


class VerificationError(Exception):
    """A token was not accepted. The text never repeats any of it."""


class InvalidToken(VerificationError):
    """The token is expired, revoked, or none of ours (RFC 6750, `invalid_token`): 401."""


class UnknownKey(InvalidToken):
    """The token names a key that is not known here; it may have been published since."""


class Unavailable(VerificationError):
    """Nobody can say at this moment whether the token is good: 503, try again after `retry_after` seconds."""

    retry_after: int = 1
