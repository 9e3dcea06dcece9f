"""What reading alone proves of a grant: by table."""

from typing import Any

import pytest

from shared.diagnosis import Diagnosis
from shared.evidence import CANNOT_RUN, settle
from shared.model import Assignment, Progress
from shared.roles import NETWORK_CONTRIBUTOR
from tests.unit.nouns import NOW, PRINCIPAL, SUBNET, at, grant, progress

FOUND = Assignment("id", PRINCIPAL, NETWORK_CONTRIBUTOR, SUBNET)
CLEAR = Diagnosis("", "nothing was found")
DENIED = Diagnosis("DenyAssignment", "deny assignment 'x'")
LACKING = Diagnosis("RoleLacksAction", "the role does not allow a/b")
UNREADABLE = Diagnosis("AuthorizationFailed", "cannot be judged")


def concluded(diagnosis: Diagnosis = CLEAR, *, hours: float = 0.5, **changes: Any) -> Progress:
    usual = {"written_at": NOW, "readable_at": NOW, "deadline": at(hours=1)}
    known = progress(**{**usual, **changes})
    return settle(known, FOUND, at(hours=hours), lambda *_: diagnosis)


def probed(diagnosis: Diagnosis = CLEAR, **changes: Any) -> Progress:
    return concluded(diagnosis, **{"grant": grant(verify="probe"), **changes})


@pytest.mark.parametrize(
    ("seen", "state", "reason"),
    [
        (concluded(readable_at=None), "written", "Written"),
        (concluded(), "effective", "Readable"),
        (concluded(hours=1), "effective", "WindowPassed"),
        (concluded(DENIED), "readable", "DenyAssignment"),
        (concluded(LACKING), "readable", "RoleLacksAction"),
        (concluded(UNREADABLE), "readable", "AuthorizationFailed"),
        (concluded(DENIED, hours=1), "readable", "DenyAssignment"),
        (concluded(LACKING, hours=9), "readable", "RoleLacksAction"),
        (concluded(UNREADABLE, hours=1), "effective", "WindowPassed"),
        (concluded(reason="DenyAssignment"), "effective", "Readable"),
        (concluded(reason="DenyAssignment", hours=2), "effective", "WindowPassed"),
        (probed(), "readable", "AwaitingProbe"),
        (probed(DENIED), "readable", "AwaitingProbe"),
        (probed(DENIED, probed_at=NOW, hours=1), "readable", "DenyAssignment"),
        (probed(probed_at=NOW, hours=1), "effective", "WindowPassed"),
        (probed(hours=1), "readable", "AwaitingProbe"),
        (
            probed(grant=grant(verify="probe", identity="addon:x"), hours=1),
            "effective",
            "WindowPassed",
        ),
        (probed(reason="ProbeDenied", probed_at=NOW), "readable", "ProbeDenied"),
        (probed(reason="ProbeDenied", probed_at=NOW, hours=1), "readable", "ProbeDenied"),
        (probed(DENIED, reason="ProbeDenied", probed_at=NOW, hours=1), "readable", "ProbeDenied"),
        (probed(reason=CANNOT_RUN, probed_at=NOW), "effective", CANNOT_RUN),
        (probed(DENIED, reason=CANNOT_RUN, probed_at=NOW), "readable", "DenyAssignment"),
    ],
)
def test_what_a_look_concludes(seen: Progress, state: str, reason: str) -> None:
    assert (seen.state, seen.reason) == (state, reason)


def test_what_is_in_the_way_is_said_and_gone_when_it_is() -> None:
    blocked = concluded(DENIED)
    assert (blocked.message, blocked.diagnosis) == (DENIED.message, DENIED.message)
    free = settle(blocked, FOUND, at(hours=0.6), lambda *_: CLEAR)
    assert (free.state, free.message, free.diagnosis) == ("effective", "", "")


def test_a_denied_probe_keeps_its_own_word_beside_the_diagnosis() -> None:
    seen = probed(DENIED, reason="ProbeDenied", probed_at=NOW, message="denied: a/b", hours=1)
    assert (seen.message, seen.diagnosis) == ("denied: a/b", DENIED.message)


def test_nothing_is_asked_before_it_has_to_be_known() -> None:
    def asked(*_: Any) -> Diagnosis:
        raise AssertionError

    settle(progress(written_at=NOW, deadline=at(hours=1)), FOUND, at(60), asked)
    waiting = progress(
        grant=grant(verify="probe"), written_at=NOW, readable_at=NOW, deadline=at(hours=1)
    )
    settle(waiting, FOUND, at(60), asked)
    done = concluded()
    assert settle(done, FOUND, at(minutes=45), asked) == done
    assert settle(done, FOUND, at(hours=1), asked).evidence == "WindowPassed"
