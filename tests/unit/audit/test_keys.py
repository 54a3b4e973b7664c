"""What the keys of the audit trail vouch for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.audit.keys import FOREVER, OVERLAP, AuditKey, AuditKeys
from core.secrets import Secrets

OLD, NEW = (f"{which} master secret of the tests of audit keys".encode() for which in ("the old", "the new"))
NOW = datetime(2030, 1, 2, tzinfo=UTC)
LATER = NOW + OVERLAP


def both() -> AuditKeys:
    return AuditKeys.of(Secrets(NEW, (OLD,)))


def test_a_key_ends_a_day_after_it_was_replaced_and_then_for_good() -> None:
    met = both().retired(NOW, 5, 1)
    assert [key.last_entry for key in met.every] == [FOREVER, FOREVER]
    assert met.retired(LATER - timedelta(seconds=1), 6, 2) == met
    ended = met.retired(LATER, 7, 3)
    assert [(key.last_entry, key.last_checkpoint) for key in ended.every] == [(FOREVER, FOREVER), (7, 3)]
    assert ended.retired(LATER + OVERLAP, 9, 4) == ended


def test_what_was_kept_says_when_a_key_ends_and_nothing_of_the_one_in_use() -> None:
    ended = both().retired(NOW, 5, 1).retired(LATER, 7, 3)
    kept = {kid: ended.kept(kid) for kid in ended.known}
    assert both().with_kept(kept).known == ended.known
    assert AuditKeys.of(Secrets(NEW)).with_kept(kept).known == ended.known
    back = AuditKeys.of(Secrets(OLD, (NEW,))).with_kept(kept)
    assert back.every[0].last_entry == FOREVER


def test_keys_that_were_kept_without_an_end_have_none() -> None:
    key = both().every[1]
    assert AuditKey.of(replace(key, retired_at=7).stored()) == replace(key, retired_at=7)
    assert AuditKey.of(key.leaf + key.public) == key
