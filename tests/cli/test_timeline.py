"""A grant's clock as people see it: a bar on a terminal, plain lines elsewhere."""

import io
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console, RenderableType

from grantkeeper import terminal, timeline, view
from grantkeeper.report import Cluster, read
from shared.model import Progress, Record
from shared.store import Store
from tests.cli.records import NOW, creating, effective, pending
from tests.typed import Type


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def written(**changes: Any) -> Progress:
    """A grant written now, of which nothing more is known; its window is 60 minutes."""
    usual: dict[str, Any] = {
        "written_at": NOW,
        "readable_at": None,
        "effective_at": None,
        "deadline": after(60),
        "evidence": "",
        "reason": "Written",
    }
    return replace(effective(), **{**usual, **changes})


@pytest.fixture
def shown(store: Store) -> Any:
    """The report of a cluster with these grants, whose next look is in a minute."""

    def show(*grants: Progress) -> Cluster:
        record: Record = replace(creating("one"), grants=grants, pending=(after(1),))
        store.save(record, None)
        return read(store).clusters[0]

    return show


def bar(cluster: Cluster, minutes: float, next_look: float | None = None) -> str:
    look = None if next_look is None else after(next_look)
    return str(timeline.bar(cluster.grants[0], look, after(minutes), 61))  # a column a minute


def on(file: io.StringIO, what: RenderableType, *, terminal: bool, width: int = 80) -> str:
    console = Console(file=file, width=width, force_terminal=terminal, highlight=False)
    console.print(what, crop=False)
    return file.getvalue()


def test_the_bar_reaches_from_the_write_to_the_deadline(shown: Any) -> None:
    drawn = bar(shown(written()), 0)
    assert (drawn[0], drawn[-1], len(drawn)) == ("W", "┤", 61)


def test_each_moment_has_its_mark_at_its_minute(shown: Any) -> None:
    drawn = bar(shown(written(readable_at=after(2))), 5, next_look=7)
    marks = {mark: drawn.index(mark) for mark in "WR●○┊┤"}
    assert marks == {"W": 0, "R": 2, "●": 5, "○": 7, "┊": 10, "┤": 60}
    assert drawn[3:5] == "━━"
    assert drawn[11:60] == "─" * 49


def test_ten_minutes_are_expected_beside_the_hour(shown: Any) -> None:
    assert shown(written()).grants[0].expected_at == after(10)


def test_a_shorter_window_expects_as_much_of_it(shown: Any) -> None:
    assert shown(written(deadline=after(6))).grants[0].expected_at == after(1)


def test_states_that_came_at_once_stand_side_by_side(shown: Any) -> None:
    drawn = bar(shown(written(readable_at=NOW, effective_at=NOW, evidence="Readable")), 3)
    assert drawn.startswith("WRE●")


def test_what_is_proven_has_no_clock_any_more(shown: Any) -> None:
    proven = written(readable_at=after(2), effective_at=after(5), evidence="Probe")
    cluster = shown(proven)
    drawn = bar(cluster, 6, next_look=7)
    assert "E" in drawn
    assert not {"●", "○"} & set(drawn)
    assert timeline.left(cluster.grants[0], after(6)) == ""


def test_what_was_only_read_has_its_clock_until_the_window_is_over(shown: Any) -> None:
    cluster = shown(written(readable_at=after(2), effective_at=after(2), evidence="Readable"))
    assert "●" in bar(cluster, 6)
    assert timeline.left(cluster.grants[0], after(6)) == "54 min left"
    assert timeline.left(cluster.grants[0], after(61)) == ""


def test_past_the_deadline_it_says_how_late_it_is(shown: Any) -> None:
    cluster = shown(written(readable_at=after(2)))
    assert "●" not in bar(cluster, 63)
    assert timeline.left(cluster.grants[0], after(63)) == "3 min late"


@pytest.mark.parametrize("grant", [pending(), written(deadline=None), written(deadline=NOW)])
def test_without_a_window_there_is_no_bar(shown: Any, grant: Progress) -> None:
    assert bar(shown(grant), 0) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h")],
)
def test_spans_are_said_as_exactly_as_people_want_them(seconds: int, text: str) -> None:
    assert timeline.span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_on_a_terminal_bars_fit_it_and_are_explained(shown: Any, live: bool, width: int) -> None:
    cluster = shown(written(readable_at=after(2)), pending())
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    columns = terminal.bar_width(console, beside=4)
    what = (
        view.progress([cluster], ["other"], after(5), columns)
        if live
        else view.detail(cluster, after(5), columns)
    )
    text = on(io.StringIO(), what, terminal=False, width=width)
    (drawn,) = (row for row in text.splitlines() if row.startswith(("  W━", "  WR")))
    assert len(drawn) <= width - 2
    assert "written · " in text


def test_elsewhere_there_are_only_plain_lines(shown: Any) -> None:
    cluster = shown(written(readable_at=after(2)))
    file = Console(file=io.StringIO(), width=80, force_terminal=False)
    text = on(
        io.StringIO(), view.detail(cluster, after(5), terminal.bar_width(file, 4)), terminal=False
    )
    rows = [row for row in text.splitlines() if not row.lstrip().startswith(("/", "on /"))]
    assert all(len(row) <= 80 for row in rows)
    assert text.replace("\n", "").isprintable()
    assert not set("●○┊┤") & set(text)
    for start in ("written", "readable", "effective  -", "expected", "deadline", "next look"):
        assert any(row.startswith(f"  {start}") for row in rows), start
    assert "55 min left" in text


def test_a_terminal_that_knows_only_ascii_gets_no_bars() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert terminal.bar_width(Console(file=ascii_only, force_terminal=True, width=80), 4) == 0


def test_the_live_view_says_what_it_waits_for(shown: Any) -> None:
    cluster = shown(written(readable_at=after(2)))
    text = on(io.StringIO(), view.progress([cluster], ["other"], NOW, 76), terminal=False)
    first, grant, *_ = text.splitlines()
    assert first.startswith("team/one  not ready  Creating  next look ")
    assert first.endswith("in 60 s")
    assert grant == "  controlPlane: Network Contributor at nodes  readable  Written  60 min left"
    assert "other  no record yet" in text


def test_what_a_terminal_would_obey_is_shown_in_the_live_view(shown: Any) -> None:
    cluster = shown(written(reason="\x1b[2J"))
    text = on(io.StringIO(), view.progress([cluster], ["\x9b31m"], NOW, 0), terminal=False)
    assert "\x1b" not in text
    assert "\x9b" not in text


@pytest.mark.parametrize("command", ["status", "watch"])
def test_both_commands_draw_it_on_a_terminal(
    grantkeeper: Type,
    store: Store,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    store.save(replace(creating("one"), grants=(written(readable_at=after(2)),)), None)
    out = grantkeeper(command, "one", *(["--timeout", "0s"] if command == "watch" else [])).out
    assert "┊" in out
    assert timeline.LEGEND in out
