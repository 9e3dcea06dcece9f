"""What is called with each input, and what must hold of what comes out.

A target takes bytes and returns; any exception is a finding. `shared` says which exceptions each
reader raises, and no other is caught here.
"""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from shared import event_grid, messages, policy_file, wire
from shared.document import Found
from shared.egress import allowed
from shared.model import Grant
from shared.pointers import of_each
from shared.resource_id import (
    ClusterId,
    InvalidId,
    ResourceId,
    Scope,
    cluster_id,
    covers,
    parse_cluster_id,
    parse_scope,
)  # fmt: skip
from shared.roles import NEVER_GRANTABLE
from shared.scope_pattern import parse_scope_pattern
from shared.wanted import assignment_name, remedy, wanted
from tests.hostile import law

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ENDPOINT = "https://management.azure.com"
POLICY_TEXT = (Path(__file__).parent.parent / "hostile" / "policy.yaml").read_bytes()

_POLICY = policy_file.parse(POLICY_TEXT)
_LAW = law.Law(POLICY_TEXT, SUBSCRIPTION)
_MANAGED = (SUBSCRIPTION,)
_CLUSTER = cluster_id(SUBSCRIPTION, "clusters", "c1")
_CLEAN = re.compile(r"/subscriptions/[-0-9a-f]{36}/resourceGroups(/[-A-Za-z0-9_.()]+)+")
_PATH = re.compile(r"/subscriptions/[-0-9A-Fa-f]{36}(/[-A-Za-z0-9_.()]+)+")


def scope(data: bytes) -> None:
    """An id that is accepted is clean, is the same when read again, and covers itself."""
    text = _text(data)
    try:
        found = parse_scope(text)
    except InvalidId as error:
        assert len(text) < 40 or text not in str(error)
        return
    _is_clean(found)
    assert found.key == text.lower()
    assert covers(text, found)
    try:
        _is_clean(parse_cluster_id(text))
    except InvalidId:
        return


def pattern(data: bytes) -> None:
    """A pattern covers only what it covers by law, too. Input: pattern, newline, id."""
    text, _, other = _text(data).partition("\n")
    try:
        found, place = parse_scope_pattern(text), parse_scope(other)
    except InvalidId:
        return
    assert not found.covers(place, ()) or found.subscription_id == place.subscription_id
    if found.covers(place, (place.subscription_id,)):
        assert law.covers(text, str(place))
        assert found.may_cover(str(place))


def policy(data: bytes) -> None:
    """A policy is refused with its faults, or grants no role that is never grantable."""
    try:
        found = policy_file.parse(data)
    except policy_file.PolicyError as error:
        assert error.faults
        assert all(fault.message and fault.remedy and fault.line >= 0 for fault in error.faults)
        return
    assert not set(found.grantable_roles) & set(NEVER_GRANTABLE.values())
    assert len(found.digest) == 16


def request(data: bytes) -> None:
    """A request is refused with a reason, or asks for a cluster in a managed subscription."""
    text = messages.decoded(data)
    try:
        found = messages.parse_request(text, _MANAGED)
    except messages.Refusal as refusal:
        assert refusal.reason.isalnum()
        assert not refusal.request_id or messages.is_request_id(refusal.request_id)
        return
    _is_managed(parse_cluster_id(found.cluster_id))
    assert messages.is_request_id(found.request_id)
    assert found.location.isalnum()


def wake(data: bytes) -> None:
    """A wake-up or an event names a managed cluster, or none. Input: event type, newline, id."""
    text = messages.decoded(data).decode(errors="replace")
    try:
        _is_managed(messages.cluster_to_wake(text, _MANAGED))
    except messages.Refusal as refusal:
        assert refusal.reason in {"InvalidId", "SubscriptionNotManaged"}
    kind, _, subject = text.partition("\n")
    if found := messages.cluster_named_by(kind, subject, _MANAGED):
        _is_managed(found)


def letter(data: bytes) -> None:
    """A dead letter, or a message of the event queue, is unreadable, or its events name managed
    clusters, or none; and what is kept of one that failed is the same event."""
    try:
        events = event_grid.events_in(messages.decoded(data))
    except event_grid.Unreadable:
        return
    for kind, subject in sorted(events):
        kept = event_grid.without_claims(kind, subject)
        assert event_grid.events_in(kept) == {(kind, subject)}
        if found := messages.cluster_named_by(kind, subject, _MANAGED):
            _is_managed(found)


def cluster(data: bytes) -> None:
    """Whatever a cluster's JSON says, what it is granted is allowed, for principals that are GUIDs;
    and what is shown to people can be."""
    try:
        found = wire.cluster(data, str(_CLUSTER))
    except msgspec.DecodeError:
        return
    grants = wanted(found, _CLUSTER, "default", _POLICY, _MANAGED, lambda _: {})
    for grant in grants:
        _is_lawful(grant)
    assert len(grants) <= 250
    assert all(path.isprintable() and len(path) < 3000 for path in found.body.faults)
    assert len(found.body.faults) < 10_000


def facts(data: bytes) -> None:
    """Facts are texts, and what they lead to is an id or nothing."""
    for kind in wire.FACTS:
        names = ("x",) * kind.count("/")
        resource = ResourceId(SUBSCRIPTION, "net-main", kind, names)
        try:
            found = wire.facts(kind, data)
        except msgspec.DecodeError:
            return
        for fact, texts in found.items():
            assert all(isinstance(text, str) and text for text in texts)
            led = of_each(iter([Found(str(resource), "p")]), fact, lambda _: found)  # noqa: B023
            assert [each.text for each in led] == list(texts)


def egress(data: bytes) -> None:
    """A request that may leave goes to ARM, to a clean path. Input: method, newline, URL."""
    method, _, url = _text(data).partition("\n")
    for each in (url, ENDPOINT + url):
        if not allowed(method, each, ENDPOINT):
            continue
        assert method in {"GET", "PUT", "POST"}
        path = each.partition("?")[0].removeprefix(ENDPOINT)
        path = path.replace("%28", "(").replace("%29", ")")
        assert each.startswith(ENDPOINT + "/")
        assert _PATH.fullmatch(path)
        assert not {".", ".."} & set(path.split("/"))


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (scope, pattern, policy, request, wake, letter, cluster, facts, egress)
}


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _is_clean(found: Scope | ClusterId) -> None:
    text = str(found)
    assert _CLEAN.fullmatch(text)
    assert not {".", ".."} & set(text.split("/"))
    again = parse_scope(text)
    assert again == found
    assert str(again) == text


def _is_managed(found: ClusterId) -> None:
    _is_clean(found)
    assert found.subscription_id == SUBSCRIPTION


def _is_lawful(grant: Grant) -> None:
    remedy(grant)
    if grant.refused:
        return
    _is_clean(parse_scope(grant.scope))
    assert _LAW.allows(grant.role, grant.scope)
    assert re.fullmatch(r"([-0-9a-f]{36})?", grant.principal_id)
    assert len(assignment_name(grant)) == 36
