import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import LONGEST, LibraryEmailAddresses
from domain.identity.errors import EmailInvalid
from tests.contracts.email_addresses import EmailAddressesContract

ADDRESSES = LibraryEmailAddresses()
LETTERS = st.characters(exclude_categories=["Cs"])


class TestLibraryEmailAddresses(EmailAddressesContract):
    @pytest.fixture
    def addresses(self) -> LibraryEmailAddresses:
        return ADDRESSES


@given(
    st.one_of(
        st.emails(),
        st.builds("{}@{}.com".format, st.text(LETTERS, min_size=1, max_size=12), st.text(LETTERS, max_size=8)),
    )
)
def test_i4_reading_twice_changes_nothing(text: str) -> None:
    try:
        canonical = ADDRESSES.parse(text)
    except EmailInvalid:
        return
    assert ADDRESSES.parse(canonical) == canonical
    local, _, domain = canonical.rpartition("@")
    assert "@" not in local
    assert domain == domain.lower()
    assert domain.isascii()
    assert len(canonical.encode()) <= LONGEST


@given(st.emails())
def test_i4_case_does_not_tell_people_apart(text: str) -> None:
    try:
        canonical = ADDRESSES.parse(text)
    except EmailInvalid:
        return
    assert ADDRESSES.parse(text.upper()) == ADDRESSES.parse(text.lower()) == canonical


def test_the_test_domain_is_accepted_where_it_is_allowed() -> None:
    assert LibraryEmailAddresses(test_domains=True).parse("Ada@Mail.test") == "ada@mail.test"
    with pytest.raises(EmailInvalid):
        ADDRESSES.parse("ada@mail.test")
    with pytest.raises(EmailInvalid):
        LibraryEmailAddresses(test_domains=True).parse("ada@test")
