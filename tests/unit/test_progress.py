"""Written, readable, effective, and late; by table."""

from typing import Any

import pytest

from shared.errors import Terminal
from shared.model import Progress
from shared.progress import (
    due,
    failed,
    follow,
    late,
    look,
    proven,
    to_write,
    unprovable,
    written,
)
from tests.unit.looks import HOUR, LOOKS, OURS, READ, held, looks, probed
from tests.unit.nouns import KUBELET_PRINCIPAL, NOW, SUBNET, at, grant, progress


def test_a_write_is_written_and_starts_the_clock() -> None:
    done = written(progress(failing_since=NOW, retry_at=NOW), OURS, HOUR, NOW)
    assert done.state == "written"
    assert (done.written_at, done.deadline) == (NOW, NOW + HOUR)
    assert done.made_by_us
    assert (done.failing_since, done.retry_at) == (None, None)


def test_a_write_that_was_there_under_another_name_is_not_ours() -> None:
    assert not written(progress(), "", HOUR, NOW).made_by_us


def test_writing_again_does_not_restart_the_clock() -> None:
    first = written(progress(), OURS, HOUR, NOW)
    assert written(first, OURS, HOUR, at(minutes=30)).deadline == NOW + HOUR


def test_an_assignment_found_counts_from_its_creation() -> None:
    found = look(progress(), held(created_at=at(minutes=-20)), READ, NOW)
    assert found.written_at == at(minutes=-20)
    assert found.deadline == at(minutes=40)


@pytest.mark.parametrize(("count", "state"), [(1, "written"), (2, "written"), (3, "effective")])
def test_reading_takes_three_looks(count: int, state: str) -> None:
    assert looks(count, progress()).state == state


def test_looks_at_the_same_moment_are_one_look() -> None:
    seen = progress()
    for second in range(9):
        seen = look(seen, held(), READ, at(second))
    assert (seen.reads, seen.state) == (1, "written")


def test_looks_at_the_same_moment_are_one_look_when_it_is_late_too() -> None:
    seen = written(progress(), OURS, HOUR, NOW)
    for second in range(9):
        seen = look(seen, held(), READ, at(second, minutes=61))
    assert (seen.reads, seen.state) == (1, "written")


def test_the_look_at_the_deadline_is_taken_however_soon_after_another() -> None:
    seen = look(looks(3, progress()), held(), READ, at(minutes=60, seconds=55))
    assert seen.evidence == "Readable"
    assert look(seen, held(), READ, at(minutes=61)).evidence == "WindowPassed"


def test_what_was_read_stays_so_when_policy_asks_for_probes_later() -> None:
    (asked,), _ = follow((grant(verify="probe"),), (looks(3, progress()),), NOW)
    seen = look(asked, held(), READ, at(minutes=10))
    assert (seen.state, seen.evidence, seen.reason) == ("effective", "Readable", "Readable")


def test_a_grant_that_policy_no_longer_allows_is_not_late() -> None:
    done = written(progress(), OURS, HOUR, NOW)
    (refused,), _ = follow((grant(refused="RoleNotAllowed"),), (done,), NOW)
    assert not late(refused, at(minutes=61))


def test_reading_is_the_evidence_when_policy_is_content_with_it() -> None:
    seen = looks(3, progress())
    assert (seen.evidence, seen.readable_at, seen.effective_at) == ("Readable", at(180), at(180))


def test_reading_is_not_evidence_when_policy_asks_for_probes() -> None:
    seen = looks(3, probed())
    assert (seen.state, seen.reason) == ("readable", "AwaitingProbe")


def test_a_grant_that_no_probe_can_prove_waits_for_the_window() -> None:
    seen = looks(3, probed(identity="addon:omsagent"))
    assert (seen.state, seen.reason) == ("readable", "AwaitingWindow")


def test_the_window_is_no_evidence_for_what_a_probe_has_still_to_try() -> None:
    """A record that was lost, or is new, of an assignment that is old."""
    seen = look(looks(3, probed()), held(), READ, at(minutes=61))
    assert (seen.state, seen.reason) == ("readable", "AwaitingProbe")
    assert not late(seen, at(minutes=61))
    assert due(seen, LOOKS, at(minutes=61)) == at(minutes=62)


def inconclusive(seen: Progress) -> Progress:
    """A probe has tried it, and could not tell."""
    return proven(seen, None, "no answer", at(600)) if seen.grant.verify != "read" else seen


@pytest.mark.parametrize("wanted", [progress(), probed()])
def test_the_window_is_evidence_once_it_has_passed(wanted: Progress) -> None:
    seen = look(inconclusive(looks(3, wanted)), held(), READ, at(minutes=61))
    assert (seen.state, seen.evidence) == ("effective", "WindowPassed")


def test_the_window_does_not_overrule_a_denied_probe() -> None:
    denied = proven(looks(3, probed()), False, "denied", at(minutes=5))
    seen = look(denied, held(), READ, at(minutes=61))
    assert seen.state == "readable"
    assert late(seen, at(minutes=61))


def test_the_window_does_not_make_up_for_unreadable_assignments() -> None:
    seen = look(written(progress(), OURS, HOUR, NOW), (), READ, at(minutes=61))
    assert seen.state == "written"
    assert late(seen, at(minutes=61))


@pytest.mark.parametrize(
    ("works", "state", "reason"),
    [
        (True, "effective", "Probe"),
        (False, "readable", "ProbeDenied"),
        (None, "readable", "ProbeInconclusive"),
    ],
)
def test_what_a_probe_proves(works: bool | None, state: str, reason: str) -> None:
    seen = proven(looks(3, probed()), works, "text", at(minutes=5))
    assert (seen.state, seen.reason, seen.probed_at) == (state, reason, at(minutes=5))


@pytest.mark.parametrize(
    ("takes_back", "reason", "message"),
    [(False, "ProbeDenied", "denied"), (True, "ProbeInconclusive", "no word")],
)
def test_a_probe_that_cannot_tell_takes_no_denial_back_unless_it_may(
    takes_back: bool, reason: str, message: str
) -> None:
    denied = proven(looks(3, probed()), False, "denied", at(minutes=5))
    seen = proven(denied, None, "no word", at(minutes=9), takes_back=takes_back)
    assert (seen.reason, seen.message, seen.probed_at) == (reason, message, at(minutes=9))


def test_where_no_probe_can_run_reading_is_the_evidence_and_the_cause_is_kept() -> None:
    stuck = unprovable(looks(3, probed()), "RunCommandDisabled", at(minutes=5))
    assert (stuck.state, stuck.reason) == ("readable", "ProbeCannotRun")
    seen = look(stuck, held(), READ, at(minutes=6))
    assert (seen.evidence, seen.reason) == ("Readable", "ProbeCannotRun")
    assert seen.message == "RunCommandDisabled"
    assert look(seen, held(), READ, at(minutes=61)).evidence == "WindowPassed"


def test_where_no_probe_can_run_any_more_a_denial_stands() -> None:
    denied = proven(looks(3, probed()), False, "denied", at(minutes=5))
    seen = look(unprovable(denied, "ClusterStopped", at(minutes=9)), held(), READ, at(minutes=70))
    assert (seen.state, seen.reason) == ("readable", "ProbeDenied")


@pytest.mark.parametrize("works", [True, False, None])
def test_a_probe_says_nothing_of_a_grant_that_does_not_wait_for_one(works: bool | None) -> None:
    """One command answers for every network grant; some are not written, some work already."""
    refused = failed(progress(), Terminal("X", "why"), READ, LOOKS, NOW)
    works_already = proven(looks(3, probed()), True, "", at(minutes=5))
    for seen in (refused, written(progress(), OURS, HOUR, NOW), works_already):
        assert proven(seen, works, "text", at(minutes=9)) == seen


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"id": "/other"}, True),
        ({"scope": SUBNET.upper()}, True),
        ({"scope": SUBNET.partition("/providers")[0]}, True),
        ({"scope": "/"}, True),
        ({"scope": SUBNET + "2"}, False),
        ({"scope": SUBNET[:-1]}, False),
        ({"principal_id": KUBELET_PRINCIPAL}, False),
        ({"role": KUBELET_PRINCIPAL}, False),
    ],
)
def test_assignments_are_known_by_their_meaning(changes: dict[str, Any], found: bool) -> None:
    seen = look(progress(), held(**changes), READ, NOW)
    assert (seen.written_at is not None) is found


def test_only_our_own_name_is_ours() -> None:
    assert look(progress(), held(id=OURS.upper()), READ, NOW).made_by_us
    assert not look(progress(), held(id="/other"), READ, NOW).made_by_us


@pytest.mark.parametrize("misses", [1, 2])
def test_a_stale_read_or_two_change_no_state(misses: int) -> None:
    seen = looks(3, progress())
    for number in range(misses):
        seen = look(seen, (), READ, at(minutes=10 + number))
    assert (seen.state, seen.misses) == ("effective", misses)
    assert look(seen, held(), READ, at(minutes=20)).misses == 0


def test_three_misses_in_a_row_are_a_removal_and_start_a_new_window() -> None:
    seen = looks(3, progress())
    for number in range(3):
        seen = look(seen, (), READ, at(minutes=10 + number))
    assert (seen.state, seen.reason, seen.deadline) == ("pending", "AssignmentMissing", None)
    assert to_write(seen, at(minutes=13))


def test_an_assignment_never_seen_keeps_its_window() -> None:
    seen = written(progress(), OURS, HOUR, NOW)
    for number in range(3):
        seen = look(seen, (), READ, at(minutes=10 + number))
    assert (seen.state, seen.deadline) == ("pending", NOW + HOUR)


def test_an_assignment_removed_unseen_and_made_again_has_a_window_of_its_own() -> None:
    seen = written(probed(), OURS, HOUR, NOW)
    for number in range(3):
        seen = look(seen, (), READ, at(minutes=10 + number))
    again = written(seen, OURS, HOUR, at(minutes=70))
    for number in range(3):
        again = look(again, held(created_at=at(minutes=70)), READ, at(minutes=71 + number))
    assert (again.state, again.deadline) == ("readable", at(minutes=130))


def test_an_assignment_unseen_and_written_again_keeps_its_window() -> None:
    seen = written(progress(), OURS, HOUR, NOW)
    for number in range(3):
        seen = look(seen, (), READ, at(minutes=10 + number))
    again = written(seen, OURS, HOUR, at(minutes=30))
    for number in range(3):
        again = look(again, held(created_at=NOW), READ, at(minutes=61 + number))
    assert (again.state, again.evidence) == ("effective", "WindowPassed")
