"""The looks at a written grant: ever later, never after the deadline, scaled with the window."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.schedule import next_look
from tests.unit.nouns import NOW, at

HOUR = timedelta(hours=1)


def all_looks(window: timedelta, seed: str) -> list[timedelta]:
    """Moments of all looks after the write, each found from the one before."""
    now, found = NOW, []
    while now < NOW + window:
        now = next_look(NOW, NOW + window, now, seed)
        found.append(now - NOW)
    return found


@given(st.text(max_size=20), st.integers(1, 7200))
def test_looks_go_forward_and_end_with_the_deadline(seed: str, seconds: int) -> None:
    window = timedelta(seconds=seconds)
    looks = all_looks(window, seed)
    assert looks == sorted(set(looks))
    assert looks[-1] == window
    assert 30 <= len(looks) <= 31


@given(st.text(max_size=20), st.floats(0, 3599))
def test_a_repeated_turn_finds_the_same_moment(seed: str, seconds: float) -> None:
    now = at(seconds)
    moment = next_look(NOW, NOW + HOUR, now, seed)
    assert now < moment <= NOW + HOUR
    assert next_look(NOW, NOW + HOUR, now, seed) == moment


def test_grants_written_together_are_spread() -> None:
    firsts = {next_look(NOW, NOW + HOUR, NOW, str(number)) for number in range(50)}
    assert len(firsts) == 50
    assert max(firsts) - min(firsts) <= timedelta(seconds=8.5)


def test_a_shorter_window_has_as_many_looks() -> None:
    minute = all_looks(timedelta(seconds=60), "x")
    hour = all_looks(HOUR, "x")
    assert len(minute) == len(hour)
    assert all(abs(m * 60 - h) < timedelta(seconds=1) for m, h in zip(minute, hour, strict=True))


def test_after_the_deadline_nothing_is_planned_beyond_it() -> None:
    assert next_look(NOW, NOW + HOUR, at(hours=2), "x") == NOW + HOUR
