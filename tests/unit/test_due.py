"""When a grant is to be written, looked at and tried again: by table."""

from datetime import datetime

import pytest

from shared.errors import NEEDS_ADMINISTRATOR, Terminal, Transient
from shared.model import Progress, Record
from shared.observe import is_woken
from shared.progress import after_failure, due, failed, look, proven, to_write, waits
from tests.unit.looks import DONE, HOUR, LOOKS, READ, held, looks, probed
from tests.unit.nouns import CLUSTER, NOW, at, grant, progress


@pytest.mark.parametrize(
    ("seen", "moment", "expected"),
    [
        (progress(), NOW, True),
        (progress(retry_at=at(60)), NOW, False),
        (progress(retry_at=at(60)), at(60), True),
        (progress(written_at=NOW), NOW, False),
        (progress(grant=grant(principal_id="")), NOW, False),
        (progress(grant=grant(refused="ScopeNotAllowed")), NOW, False),
    ],
)
def test_what_is_to_be_written(seen: Progress, moment: datetime, expected: bool) -> None:
    assert to_write(seen, moment) is expected


@pytest.mark.parametrize(
    ("seen", "moment", "expected"),
    [
        (progress(), NOW, NOW),
        (progress(retry_at=at(60)), NOW, at(60)),
        (progress(grant=grant(principal_id="")), NOW, None),
        (progress(grant=grant(refused="RoleNotAllowed")), NOW, at(hours=1)),
        (progress(grant=grant(refused="InvalidScope")), NOW, None),
        (looks(3, progress()), at(minutes=5), at(minutes=61)),
        (look(looks(3, progress()), held(), READ, at(minutes=61)), at(minutes=61), None),
        (proven(looks(3, probed()), True, "", at(300)), at(300), None),
        (look(looks(3, progress()), (), READ, at(600)), at(600), at(660)),
        (DONE, at(minutes=90), at(minutes=150)),
    ],
)
def test_when_a_grant_is_due(seen: Progress, moment: datetime, expected: datetime | None) -> None:
    assert due(seen, LOOKS, moment) == expected


WORKS = looks(3, progress())
MISSED = look(WORKS, (), READ, at(600))


@pytest.mark.parametrize(
    ("seen", "moment", "planned", "woken"),
    [
        (progress(), NOW, False, False),
        (progress(grant=grant(refused="RoleNotAllowed"), read_at=NOW), at(1), False, False),
        (DONE, at(1), True, True),
        (DONE, at(minutes=60), False, False),
        (WORKS, at(minutes=30), True, False),
        (WORKS, at(minutes=61), False, False),
        (proven(looks(3, probed()), True, "", at(300)), at(hours=9), True, False),
        (MISSED, at(601), True, False),
        (MISSED, at(660), False, False),
    ],
)
def test_what_only_waits_for_its_planned_look(
    seen: Progress, moment: datetime, planned: bool, woken: bool
) -> None:
    assert waits(seen, LOOKS, moment, woken=False) is planned
    assert waits(seen, LOOKS, moment, woken=True) is woken


@pytest.mark.parametrize(
    ("pending", "unread", "expected"),
    [
        ((), None, True),
        ((at(1),), None, True),
        ((NOW,), None, False),
        ((at(-60), at(60)), None, False),
        ((NOW,), NOW, True),
    ],
)
def test_a_turn_is_planned_when_a_message_of_ours_is_due(
    pending: tuple[datetime, ...], unread: datetime | None, expected: bool
) -> None:
    record = Record(str(CLUSTER), pending=pending, unread_since=unread)
    assert is_woken(record, NOW) is expected


def test_a_written_grant_is_looked_at_before_its_deadline() -> None:
    moment = due(DONE, LOOKS, at(60))
    assert moment and at(60) < moment <= NOW + HOUR


@pytest.mark.parametrize(
    ("failure", "age", "reason", "wait"),
    [
        (Transient("PrincipalNotFound"), 0, "PrincipalNotFound", 15),
        (Transient("PrincipalNotFound"), 400, "PrincipalNotFound", 100),
        (Transient("PrincipalNotFound"), 900, "PrincipalMissing", 3600),
        (Transient("ResourceNotFound"), 90_000, "ResourceNotFound", 300),
        (Transient("TooManyRequests", retry_after=77), 0, "TooManyRequests", 77),
        (Transient("AuthorizationFailed"), 0, "AuthorizationFailed", 15),
        (Transient("AuthorizationFailed"), 599, "AuthorizationFailed", 149.75),
        (Transient("AuthorizationFailed"), 600, NEEDS_ADMINISTRATOR, 3600),
        (Transient("LinkedAuthorizationFailed"), 601, NEEDS_ADMINISTRATOR, 3600),
        (Terminal("InvalidPrincipalId"), 0, "InvalidPrincipalId", 3600),
    ],
)
def test_when_a_failed_write_is_repeated(
    failure: Transient | Terminal, age: float, reason: str, wait: float
) -> None:
    assert after_failure(failure, at(-age), HOUR, LOOKS, NOW) == (reason, at(wait))


def test_a_failure_remembers_when_it_began() -> None:
    first = failed(progress(), Transient("X", "why"), READ, LOOKS, NOW)
    second = failed(first, Transient("X"), READ, LOOKS, at(60))
    assert (first.reason, first.message) == ("X", "why")
    assert second.failing_since == NOW
