import asyncio
import math
import time

import pytest

from gatewright_verifier.revocations import Revocations, Verdict, WireMarker, unset_clock

NOW = 1_780_000_000
CLOCK = [float(NOW)]


def revocations(longest: int = 86_400, size: int = 200_000) -> Revocations:
    CLOCK[0] = NOW
    return Revocations(longest, size, math.inf, now=lambda: CLOCK[0], monotonic=lambda: CLOCK[0])


def cutoff(subject: str, at: float) -> WireMarker:
    return WireMarker("session", subject, cutoff=at)


def epoch(subject: str, at: int) -> WireMarker:
    return WireMarker("user", subject, epoch=at)


def judged(known: Revocations, subject: str, issued: int = NOW, ep: int = 0) -> Verdict:
    return known.judge((subject,), issued, ep)


def test_accepts_whom_no_marker_names() -> None:
    known = revocations()
    known.learn([cutoff("1", NOW), epoch("1", 5)])
    for subject in ("session:2", "user:2", "session:", "token:1", "session:11"):
        assert judged(known, subject) is Verdict.ACCEPT


def test_a_cut_off_counts_in_whole_seconds() -> None:
    known = revocations()
    known.learn([cutoff("1", NOW + 0.9)])
    assert judged(known, "session:1", NOW) is Verdict.REVOKED
    assert judged(known, "session:1", NOW + 1) is Verdict.ACCEPT


def test_a_cut_off_at_zero_is_one() -> None:
    known = revocations()
    known.learn([cutoff("1", 0)])
    assert judged(known, "session:1", 0) is Verdict.REVOKED


def test_an_epoch_does_not_ask_for_the_time() -> None:
    known = revocations()
    known.learn([epoch("1", 5)])
    assert judged(known, "user:1", NOW + 9999, 4) is Verdict.REVOKED
    assert judged(known, "user:1", 0, 5) is Verdict.ACCEPT


@pytest.mark.parametrize("order", [1, -1])
def test_no_marker_moves_back(order: int) -> None:
    known = revocations()
    for marker in (cutoff("1", NOW - 5), cutoff("1", NOW), epoch("1", 4), epoch("1", 5))[::order]:
        known.learn([marker, marker])
    assert judged(known, "session:1", NOW) is Verdict.REVOKED
    assert judged(known, "user:1", NOW, 4) is Verdict.REVOKED


def test_a_subject_may_have_both() -> None:
    known = revocations()
    known.learn([epoch("1", 5), WireMarker("user", "1", cutoff=NOW)])
    assert judged(known, "user:1", NOW, 9) is Verdict.REVOKED
    assert judged(known, "user:1", NOW + 1, 4) is Verdict.REVOKED
    assert judged(known, "user:1", NOW + 1, 5) is Verdict.ACCEPT


def test_is_stale_until_somebody_asked_the_truth() -> None:
    assert judged(Revocations(), "user:1") is Verdict.STALE


def test_forgets_what_no_living_token_falls_under() -> None:
    known = revocations(longest=900)
    known.learn([cutoff("1", NOW - 100_000), cutoff("2", NOW + 500), epoch("1", 5)])
    CLOCK[0] = NOW + 960
    known.forget()
    assert judged(known, "user:1", NOW, 4) is Verdict.REVOKED
    assert judged(known, "session:2", NOW) is Verdict.REVOKED

    CLOCK[0] = NOW + 961
    known.forget()
    assert judged(known, "user:1", NOW, 4) is Verdict.ACCEPT
    assert judged(known, "session:2", NOW) is Verdict.REVOKED


def test_holds_a_bounded_number_and_still_accepts_nothing_revoked() -> None:
    known = revocations(size=100)
    for second in range(1000):
        CLOCK[0] = NOW + second
        known.learn([cutoff(str(second), NOW + second)])
    assert len(known._known) <= 100
    assert all(judged(known, f"session:{second}", NOW + second) is Verdict.REVOKED for second in range(1000))
    assert judged(known, "session:someone", NOW + 1000) is Verdict.ACCEPT, "whoever refreshed is let in"


def test_a_burst_of_ended_sessions_shuts_nobody_else_out() -> None:
    known = revocations(longest=900, size=200)
    for number in range(220):
        CLOCK[0] = NOW + number / 22
        known.learn([cutoff(str(number), CLOCK[0] + 900)])
    assert all(judged(known, f"session:{number}", NOW + 900) is Verdict.REVOKED for number in range(220))
    assert judged(known, "session:someone", NOW) is Verdict.ACCEPT
    assert judged(known, "session:someone", NOW + 880) is Verdict.ACCEPT


def test_markers_ahead_become_a_cut_off_for_all_once_they_have_passed() -> None:
    known = revocations(longest=900, size=100)
    for second in range(3000):
        CLOCK[0] = NOW + second
        known.learn([cutoff(f"{second}/{each}", NOW + second + 100) for each in range(2)])
        assert judged(known, "session:someone", NOW + second) is Verdict.ACCEPT
        assert judged(known, f"session:{max(0, second - 100)}/1", NOW + second - 1) is Verdict.REVOKED
    assert len(known._known) <= 300


def test_is_stale_while_it_has_lost_markers_and_lets_in_whoever_refreshed_then() -> None:
    known = revocations(longest=900, size=100)
    known.learn([cutoff(str(number), NOW + 900) for number in range(150)])
    known.learn([cutoff(str(number), NOW + 901) for number in range(150, 301)])
    assert len(known._known) <= 300
    assert judged(known, "session:someone", NOW) is Verdict.STALE
    assert not known.is_current
    assert all(judged(known, f"session:{number}") is not Verdict.ACCEPT for number in range(301))

    CLOCK[0] = NOW + 900
    known.learn([])
    assert judged(known, "session:someone", NOW + 900) is Verdict.STALE
    CLOCK[0] = NOW + 902
    known.learn([])
    assert known.is_current
    assert all(judged(known, f"session:{number}", NOW + 900) is Verdict.REVOKED for number in range(301))
    assert judged(known, "session:someone", NOW + 902) is Verdict.ACCEPT


def test_epochs_heard_at_once_shut_out_nobody_who_comes_now() -> None:
    known = revocations(size=100)
    known.learn([epoch(str(number), 5) for number in range(200)])
    assert judged(known, "user:someone", NOW) is Verdict.ACCEPT
    CLOCK[0] = NOW + 1
    known.learn([epoch(str(number), 5) for number in range(200, 240)])
    assert len(known._known) <= 100
    assert all(judged(known, f"user:{number}", NOW, 4) is Verdict.REVOKED for number in range(240))
    assert judged(known, "user:someone", NOW + 1) is Verdict.ACCEPT


def test_a_clock_that_is_set_forward_and_back_ends_no_marker() -> None:
    steady, known = [1000.0], revocations(longest=900)
    known.monotonic = lambda: steady[0]
    known.learn([cutoff("1", NOW), epoch("1", 5)])
    CLOCK[0] += 10**6
    known.forget()
    CLOCK[0] = NOW
    assert judged(known, "session:1") is Verdict.REVOKED
    assert judged(known, "user:1", NOW, 4) is Verdict.REVOKED

    steady[0] += 961
    known.forget()
    assert judged(known, "session:1") is Verdict.ACCEPT


def test_the_clock_goes_on_while_the_machine_sleeps() -> None:
    if not hasattr(time, "CLOCK_BOOTTIME"):
        pytest.skip("not on this system")
    assert abs(unset_clock() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1


def test_says_what_is_news_and_nothing_else() -> None:
    told: list[None] = []
    known = revocations()
    known.news = lambda: told.append(None)
    known.learn([cutoff("1", NOW), epoch("1", 5)])
    for again in ([cutoff("1", NOW)], [cutoff("1", NOW - 1), epoch("1", 4)], []):
        known.learn(again)
    assert len(told) == 1
    known.learn([epoch("1", 6)])
    assert len(told) == 2


async def test_others_go_on_while_very_many_are_taken_in() -> None:
    known = revocations(size=200_000)
    taking, turns = asyncio.create_task(known.take_in([epoch(str(number), 5) for number in range(20_000)])), 0
    while not taking.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 40
    assert judged(known, "user:19999", NOW, 4) is Verdict.REVOKED
