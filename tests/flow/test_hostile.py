"""A thousand hostile clusters and requests: nothing is written that policy does not allow.

What was sent is read from the emulator's ledger and judged by `tests/hostile/law.py`, which knows
policy by other means than the product does.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.stack import azurite as azurite_program
from shared import wiring
from shared.queues import EVENTS
from shared.rejections import EVENT_UNREADABLE, POISONED
from tests.flow.town import Town
from tests.hostile.law import Law, decoded, json_of
from tests.hostile.siege import POLICY, Log, Siege

SEED = 3
CLUSTERS, REQUESTS, AGAIN = 400, 600, 20
ACCOUNT = "account999"  # one world for all of these tests; others take accounts from the first on
KEPT = 60 * 1024  # bytes of a refused message
LONGEST_LINE = 700  # two ids and little else
ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/"


@dataclass
class Aftermath:
    """The world after it, and what was logged."""

    siege: Siege
    town: Town
    law: Law
    log: list[str]


class Throng(Town):
    """Where a thousand clusters appear in no time, and none waits for our share of ARM's limits."""

    arm_share = 1000.0


@pytest.fixture(scope="module")
def after(azurite_url: str) -> Iterator[Aftermath]:
    """Every test below looks at the same world."""
    log, policy = Log(), POLICY.read_bytes()
    # Azure itself stops nothing here: what is not written, the product did not want to write.
    wide = ("Contributor", "Role Based Access Control Administrator")
    storage = azurite_program.connection_string(azurite_url, ACCOUNT)
    town = Throng(storage, policy, app_roles=wide)
    siege = Siege(town, random.Random(SEED))  # noqa: S311 - reproducible, nothing secret
    siege.lay_out()
    with pytest.MonkeyPatch.context() as patch, log.listening():
        patch.setattr(wiring, "application", lambda: town.app)
        siege.run(CLUSTERS, REQUESTS, AGAIN)
    yield Aftermath(siege, town, Law(policy, town.subscription), log.lines)
    town.close()


def test_every_role_assignment_sent_is_within_policy_for_a_principal_the_cluster_named(
    after: Aftermath,
) -> None:
    sent = [write for write in after.siege.writes() if ASSIGNMENT in write.path]
    shown = after.siege.shown()
    breaches = [
        (w.path, w.body, why) for w in sent if (why := after.law.assignment_breach(w, shown))
    ]
    assert breaches == []
    assert len(sent) > CLUSTERS / 2  # the world is not one that wants nothing


def test_every_other_write_makes_a_cluster_that_was_asked_for(after: Aftermath) -> None:
    sent = [write for write in after.siege.writes() if ASSIGNMENT not in write.path]
    requests = after.siege.requests
    assert {write.method for write in sent} == {"PUT"}
    breaches = [
        (w.path, w.body, why) for w in sent if (why := after.law.cluster_breach(w, requests))
    ]
    assert breaches == []
    assert len(sent) > REQUESTS / 50


def test_nothing_leaves_a_door(after: Aftermath) -> None:
    assert after.siege.raised == []


def test_every_cluster_has_a_record_or_cannot_be_read(after: Aftermath) -> None:
    recorded = {record.cluster_id.lower() for record in after.town.app.store.all()}
    unread = {line.partition(" ")[0] for line in after.log if "reason=UnreadableAnswer" in line}
    missing = set(after.siege.documents) - recorded
    assert missing <= {line.removeprefix("cluster=").lower() for line in unread}
    assert len(recorded) > CLUSTERS * 0.9


def test_every_request_is_accepted_or_kept(after: Aftermath) -> None:
    accepted = [r.request.request_id for r in after.town.app.store.all() if r.request]
    kept = {rejection.text for rejection in after.town.rejections()}
    lost = [
        text
        for text in after.siege.requests
        if not kept & {text[:KEPT], decoded(text)[:KEPT]}
        and json_of(text).get("requestId") not in accepted
    ]
    assert lost == []


def test_every_wake_up_that_names_no_managed_cluster_is_kept(after: Aftermath) -> None:
    kept = {rejection.text for rejection in after.town.rejections()}
    prefix = f"/subscriptions/{after.town.subscription}/resourcegroups/"
    lost = [
        text
        for text in after.siege.wakes
        if not kept & {text[:KEPT], decoded(text)[:KEPT]}
        and not decoded(text).decode(errors="replace").lower().startswith(prefix)
    ]
    assert lost == []


def test_nothing_is_kept_of_a_forged_event_but_what_it_is_about(after: Aftermath) -> None:
    kept = [each for each in after.town.rejections() if each.queue == EVENTS]
    read = [json_of(each.text) for each in kept if each.reason == POISONED]
    assert read and all(each.keys() == {"eventType", "subject"} for each in read)
    told = {each.text for each in kept if each.reason == EVENT_UNREADABLE}
    assert told and all(re.fullmatch(rb"\d+ bytes, not kept", text) for text in told)


def test_no_hostile_text_reaches_the_log_and_no_token(after: Aftermath) -> None:
    assert [line for line in after.log if not (line.isascii() and line.isprintable())] == []
    assert [line for line in after.log if len(line) > LONGEST_LINE] == []
    assert [
        line for line in after.log if re.search(r"eyJ|[Bb]earer|<script>|DROP TABLE", line)
    ] == []
