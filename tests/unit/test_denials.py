"""What a 403 names is found however it is passed on, and nothing else is."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.emulator.access import Decision, linked_refusal, refusal
from infra.emulator.world import Principal
from shared.denials import Missing, all_missing, missing
from tests.unit.nouns import NET, NOW, PRINCIPAL, REGISTRY, SUB, SUBNET

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
USE = "Microsoft.Network/publicIPAddresses/join/action"
BALANCER = f"/subscriptions/{SUB}/resourceGroups/MC_x/providers/Microsoft.Network/loadBalancers/k"
IDENTITY = f"/subscriptions/{SUB}/resourceGroups/g/providers/Microsoft.ManagedIdentity"
ONE = f"{IDENTITY}/userAssignedIdentities/one"
OTHER = f"{IDENTITY}/userAssignedIdentities/other"

WHO = f"The client 'c7b2' (agent pool identity) with object id '{PRINCIPAL}'"
HAS = f"{WHO} has permission to perform action 'Microsoft.Network/loadBalancers/write' on scope"
PLAIN = (
    f"{WHO} does not have authorization to perform action '{JOIN}' over scope '{SUBNET}' or the "
    "scope is invalid. If access was recently granted, please refresh your credentials."
)
LINKED = (
    f"{HAS} '{BALANCER}'; however, it does not have permission to perform action(s) '{JOIN}' on "
    f"the linked scope(s) '{SUBNET}' (respectively) or the linked scope(s) are invalid."
)
ABAC = PLAIN.replace("authorization", "authorization or an ABAC condition not fulfilled")
THIS = Missing(JOIN, SUBNET, PRINCIPAL)


def linked(actions: str, scopes: str) -> str:
    return LINKED.replace(f"'{JOIN}'", f"'{actions}'").replace(f"'{SUBNET}'", f"'{scopes}'")


def arm(text: str) -> str:
    """As ARM answers."""
    return json.dumps({"error": {"code": "AuthorizationFailed", "message": text}})


@pytest.mark.parametrize("text", [PLAIN, ABAC, LINKED])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: text,
        arm,
        lambda text: f"ensure(default/web): lb - Retriable: false, RawError: {arm(text)}",
        lambda text: json.dumps({"message": arm(text)}),
        lambda text: json.dumps({"m": json.dumps({"m": arm(text)})}),
        lambda text: json.dumps(arm(text)).replace("'", "\\u0027"),
        lambda text: (
            f'StatusCode=403 -- Original Error: Code="AuthorizationFailed" Message="{text}"'
        ),
        lambda text: text.replace(" ", "\n  "),
        lambda text: text.replace(". ", ".\\r\\n").replace("however, it", "however, it\\n"),
        lambda text: text.replace("'", "\\'"),
        lambda text: text.replace("'", "&#39;"),
        lambda text: text.replace("/", "\\/"),
        lambda text: f"[{arm('nothing')}, {arm(text)}]",
    ],
)
def test_what_is_missing_is_found_however_it_is_passed_on(text: str, wrapped: object) -> None:
    assert callable(wrapped)
    assert missing(wrapped(text)) == THIS


@pytest.mark.parametrize("code", ["plain", "linked"])
def test_the_emulators_own_words_are_understood(code: str) -> None:
    client = Principal(PRINCIPAL, SUB, "ServicePrincipal", "c1", NOW)
    if code == "plain":
        error = refusal(client, JOIN, SUBNET, Decision(False, "NoAssignment"))
    else:
        why = Decision(False, "NoAssignment")
        error = linked_refusal(client, "x/write", BALANCER, JOIN, SUBNET, why)
    assert missing(error.message) == THIS


def test_several_scopes_are_each_missing() -> None:
    text = linked(
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", f"{ONE},{OTHER}"
    )
    assert [each.scope for each in all_missing(text)] == [ONE, OTHER]
    assert len({each.action for each in all_missing(text)}) == 1


def test_as_many_actions_as_scopes_belong_together() -> None:
    address = f"{NET}/publicIPAddresses/out"
    found = [
        (each.action, each.scope)
        for each in all_missing(linked(f"{JOIN},{USE}", f"{SUBNET},{address}"))
    ]
    assert found == [(JOIN, SUBNET), (USE, address)]


def test_several_actions_may_be_missing_at_one_scope() -> None:
    found = [(each.action, each.scope) for each in all_missing(linked(f"{JOIN},{USE}", SUBNET))]
    assert found == [(JOIN, SUBNET), (USE, SUBNET)]


def test_several_refusals_are_told_in_their_order() -> None:
    other = PLAIN.replace(SUBNET, REGISTRY)
    scopes = [each.scope for each in all_missing(f"{other} {LINKED} {PLAIN}")]
    assert scopes == [REGISTRY, SUBNET, SUBNET]


def test_the_text_of_the_documentation_has_no_space_before_the_scopes() -> None:
    assert missing(LINKED.replace("scope(s) '", "scope(s)'")) == THIS


def test_a_scope_is_spelt_as_we_spell_it_if_roles_are_granted_there() -> None:
    spelt = SUBNET.replace("resourceGroups", "resourcegroups").replace("Network", "network")
    assert missing(PLAIN.replace(SUBNET, spelt)) == THIS


@pytest.mark.parametrize("scope", [f"/subscriptions/{SUB}", BALANCER, "/", "/x y/Failure (1)"])
def test_a_scope_that_is_none_of_ours_is_kept_as_it_is(scope: str) -> None:
    found = missing(PLAIN.replace(SUBNET, scope))
    assert (found.scope if found else "") == (scope if len(scope) > 1 else "")


def test_the_principal_is_in_its_canonical_form() -> None:
    assert missing(PLAIN.replace(PRINCIPAL, PRINCIPAL.upper())) == THIS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AuthorizationFailed",
        PLAIN.replace(PRINCIPAL, "somebody"),
        PLAIN.replace(PRINCIPAL, "z" * 36),
        PLAIN.replace(JOIN, "join"),
        PLAIN.replace(JOIN, "Microsoft.Network/*"),
        PLAIN.replace(JOIN, "Microsoft.Network/$(reboot)/action"),
        PLAIN.replace(SUBNET, "the subnet"),
        PLAIN.replace(SUBNET, "/subscriptions/<b>"),
        PLAIN.replace(SUBNET, "/x;reboot"),
        PLAIN.replace(SUBNET, "/x\u202ey"),
        LINKED.replace(f"'{SUBNET}'", "''"),
        # Of another tenant, no role helps.
        f"{HAS} '{BALANCER}', however the current tenant '{SUB}' is not authorized to access it.",
        # What a deny assignment blocks no role gives back.
        f"{HAS} '{BALANCER}'; however, it is blocked by deny assignments on the '1' linked "
        f"scope(s) '{SUBNET}' for action '{JOIN}'.",
        f"{HAS} '{BALANCER}'; however, it does not have permission to perform action '{JOIN}' on "
        "the '0' linked scope(s) '' or the linked scope(s) are invalid and is blocked by deny "
        f"assignments on the '1' linked scope(s) '{SUBNET}'.",
        f"{WHO} has permission to perform action '{JOIN}' on scope '{SUBNET}'; however, the access "
        "is denied because of the deny assignment with name 'x' and Id 'y' at scope '/'.",
    ],
)
def test_nothing_is_made_up(text: str) -> None:
    assert missing(text) is None


def test_a_scope_is_missing_beside_one_that_a_deny_assignment_blocks() -> None:
    text = (
        f"{HAS} '{BALANCER}'; however, it does not have permission to perform action '{JOIN}' on "
        f"the '1' linked scope(s) '{SUBNET}' or the linked scope(s) are invalid and is blocked by "
        f"deny assignments on the '1' linked scope(s) '{BALANCER}'."
    )
    assert list(all_missing(text)) == [THIS]


SNIPPETS = [
    *re.split(r"(?<=['(),;]) ?", f"{PLAIN} {LINKED}"),
    PRINCIPAL,
    SUBNET,
    *("'", "\\", "\\\\", "\\u0027", "\\n", "\n", ",", "/", "..", "\u202e", "\x00", "{", '"'),
]


@given(st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=20))).map(" ".join))
def test_whatever_a_text_says_each_part_is_well_formed(text: str) -> None:
    for each in all_missing(text):
        assert re.fullmatch(r"[\w.]+(/[\w.-]+)+", each.action, re.ASCII)
        assert re.fullmatch(r"/[-\w.()/ ]+", each.scope, re.ASCII)
        assert re.fullmatch(r"[0-9a-f-]{36}", each.principal)


@pytest.mark.parametrize(
    "bait",
    [
        "\\",
        "\\\\n ",
        "'",
        " \n",
        "with object id '",
        f"{WHO} ",
        f"{HAS} '",
        LINKED[: -len("' (respectively) or the linked scope(s) are invalid.")],
        linked("a/b," * 700, "/s," * 4000)[:-70],
        "a,",
    ],
)
def test_no_text_takes_long_to_read(bait: str) -> None:
    """A pattern that tried each way to read a megabyte would not come back."""
    assert len(list(all_missing(bait * (1_000_000 // len(bait) + 1)))) < 100_000
