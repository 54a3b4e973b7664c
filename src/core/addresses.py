"""Read e-mail addresses into their one canonical form."""

from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from email_validator import EmailNotValidError, validate_email

from domain.identity.errors import EmailInvalid

LONGEST: Final = 254
"""Octets (RFC 5321, section 4.5.3.1, erratum 1690)."""
LONGEST_LOCAL: Final = 64


@dataclass(frozen=True, slots=True)
class LibraryEmailAddresses:
    """Addresses that mail can be sent to over the Internet (RFC 5321, 6531), by the email-validator library.

    Quoted local parts, domain literals, comments and domains without a dot exist and are refused: nobody uses them but
    to look like somebody else.
    """

    test_domains: bool = False
    """Accept the domain `.test` (RFC 6761), which is for development."""

    def parse(self, text: str) -> str:
        """Return the canonical form of `text`, or raise `EmailInvalid`.

        Local part in NFC, casefolded; domain in lower-case A-labels (IDNA). Equal forms are one mailbox here, and mail
        is sent to the form. Nothing is looked up.
        """
        canonical = self._canonical(text)
        # Folding may lengthen a part, or bring about what the rules refuse.
        if canonical != text and self._canonical(canonical) != canonical:
            raise EmailInvalid
        return canonical

    def _canonical(self, text: str) -> str:
        if len(text) > LONGEST:
            raise EmailInvalid
        try:
            found = validate_email(text, check_deliverability=False, test_environment=self.test_domains)
        except (EmailNotValidError, UnicodeError):
            # The library's message repeats the address.
            raise EmailInvalid from None
        local, domain = _folded(found.local_part).encode(), found.ascii_domain.lower()
        if "." not in domain or len(local) > LONGEST_LOCAL or len(local) + len("@") + len(domain) > LONGEST:
            raise EmailInvalid
        return f"{local.decode()}@{domain}"


def _folded(local: str) -> str:
    # Composing may bring forth a letter that folds again (Unicode, section 5.18); the second time is the last.
    once = normalize("NFC", normalize("NFC", local).casefold())
    return normalize("NFC", once.casefold())
