"""When a grant is to be written, looked at and tried again: by table."""

from datetime import datetime

import pytest

from shared.errors import NEEDS_ADMINISTRATOR, Terminal, Transient
from shared.model import Progress
from shared.progress import after_failure, due, failed, look, proven, to_write
from tests.unit.looks import DONE, HOUR, LOOKS, READ, held, looks, probed
from tests.unit.nouns import NOW, at, grant, progress


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
