"""Ids are parsed strictly and rebuilt from their parts; nothing else becomes a path."""

import re
import string
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.resource_id import (
    ClusterId,
    InvalidId,
    ResourceGroupId,
    ResourceId,
    cluster_id,
    covers,
    covers_text,
    guid,
    parse_cluster_id,
    parse_scope,
    resource_type,
    subscription_id,
)

SUB = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUB}/resourceGroups/net-main"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/c1"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
SUBNET = f"{VNET}/subnets/nodes"
ALLOWED = re.compile(r"[-A-Za-z0-9_.()/]+")
NASTY = st.sampled_from(
    [
        "..",
        ".",
        "#",
        "?",
        "%2e%2e",
        "%2f",
        "//",
        "/",
        "\\",
        "\n",
        "\0",
        "\u202e",
        "é",
        "|",
        "'",
        " ",
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        GROUP,
        VNET,
        SUBNET,
        CLUSTER,
        f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shared",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/a-b",
        f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.westus2.azmk8s.io",
        f"/subscriptions/{SUB}/resourceGroups/(a)._b",
        f"/subscriptions/{SUB}/resourceGroups/a..b",
        f"/subscriptions/{SUB}/resourceGroups/{'a' * 90}",
    ],
)
def test_a_scope_is_rebuilt_as_it_was(text: str) -> None:
    assert str(parse_scope(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "c1",
        "/providers/Microsoft.Management/managementGroups/root",
        "/subscriptions",
        f"/subscriptions/{SUB}",
        f"/subscriptions/{SUB}/",
        f"/subscriptions/{SUB}/resourceGroups",
        f"/subscriptions/{SUB}/resourceGroups/",
        "/subscriptions/not-a-guid/resourceGroups/a",
        f"/subscriptions/{SUB.replace('-', '')}/resourceGroups/a",
        f"/subscriptions/{{{SUB}}}/resourceGroups/a",
        f"{GROUP}/",
        f"{GROUP}.",
        f"{GROUP}#",
        f"{GROUP}?x=1",
        f"{GROUP}%2e",
        f"{GROUP}\n",
        f"{GROUP} ",
        f"{GROUP}/..",
        f"{GROUP}/../..",
        f"/subscriptions/{SUB}/resourceGroups/..",
        f"/subscriptions/{SUB}/resourceGroups/{'a' * 91}",
        f"/subscriptions/{SUB}/resourceGroups/é",
        f"/subscriptions/{SUB}/resourceGroups/%2e%2e/%2e%2e",
        f"{GROUP}/providers",
        f"{GROUP}/providers/Microsoft.Network",
        f"{GROUP}/providers/Microsoft.Network/virtualNetworks",
        f"{VNET}/",
        f"{VNET}/subnets",
        f"{VNET}/subnets/..",
        f"{VNET}/subnets/nodes.",
        f"{VNET}/subnets/-nodes",
        f"{VNET}/../../../../..",
        f"{VNET}//subnets/nodes",
        f"{VNET}#/subnets/nodes",
        f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/x",
        f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm",
        f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/x",
        f"{GROUP}/providers/Evil.Network/virtualNetworks/v",
        f"{GROUP}/providers/../virtualNetworks/v",
        "https://management.azure.com" + GROUP,
        VNET + "x" * 1024,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidId) as refusal:
        parse_scope(text)
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize(
    "text", [GROUP, SUBNET, VNET, CLUSTER + "/agentPools/np", CLUSTER + "/", CLUSTER + "-"]
)
def test_what_is_not_a_cluster_is_refused_as_one(text: str) -> None:
    with pytest.raises(InvalidId):
        parse_cluster_id(text)


@pytest.mark.parametrize("name", ["", "-a", "a-", "_a", "a.b", "a b", "a/b", "é", "a" * 64, "a\n"])
def test_cluster_names_aks_refuses(name: str) -> None:
    with pytest.raises(InvalidId, match=r"^name: "):
        cluster_id(SUB, "g", name)


@pytest.mark.parametrize("name", ["a", "A1", "a-b_c", "1", "a" * 63])
def test_cluster_names_aks_accepts(name: str) -> None:
    assert parse_cluster_id(str(cluster_id(SUB, "g", name))).name == name


@pytest.mark.parametrize("group", ["", "a.", "..", "a/b", "a b", "a%", "é", "a" * 91, "a\n"])
def test_group_names_arm_refuses(group: str) -> None:
    with pytest.raises(InvalidId, match=r"^resourceGroup: "):
        cluster_id(SUB, group, "c")


def test_ids_are_equal_whatever_their_case() -> None:
    upper = parse_cluster_id(CLUSTER.upper())
    assert upper == parse_cluster_id(CLUSTER.lower())
    assert hash(upper) == hash(parse_cluster_id(CLUSTER))
    assert upper.key == CLUSTER.lower()


def test_ids_differ_from_each_other_and_from_their_texts() -> None:
    group, network = parse_scope(GROUP), parse_scope(VNET)
    assert group != network
    assert hash(group) != hash(network)
    assert group != GROUP


def test_a_refusal_says_what_is_wrong() -> None:
    with pytest.raises(InvalidId, match=r"^the id is not a managed cluster's$"):
        parse_cluster_id(VNET)
    with pytest.raises(InvalidId, match=r"'_', and begins and ends with a letter or digit$"):
        cluster_id(SUB, "g", "-")


def test_arms_spelling_of_types_is_restored() -> None:
    shouted = SUBNET.replace("Microsoft.Network", "MICROSOFT.NETWORK").replace("subnets", "SUBNETS")
    assert str(parse_scope(shouted)) == SUBNET


def test_a_type_is_one_that_roles_are_granted_on() -> None:
    assert resource_type("microsoft.keyvault/VAULTS") == "Microsoft.KeyVault/vaults"
    for other in ("Microsoft.KeyVault", "Microsoft.Authorization/roleAssignments", "", "*"):
        with pytest.raises(InvalidId):
            resource_type(other)


def test_parts() -> None:
    assert parse_scope(SUBNET) == ResourceId(
        SUB, "net-main", "Microsoft.Network/virtualNetworks/subnets", ("v", "nodes")
    )
    assert parse_scope(GROUP) == ResourceGroupId(SUB, "net-main")
    assert parse_cluster_id(CLUSTER) == ClusterId(SUB, "net-main", "c1")
    assert str(parse_cluster_id(CLUSTER).group) == GROUP


def test_guids_are_canonical() -> None:
    assert subscription_id(SUB.upper()) == SUB
    with pytest.raises(InvalidId, match="that thing is not a GUID"):
        guid(SUB + "\n", "that thing")


@pytest.mark.parametrize(
    ("held_at", "scope", "expected"),
    [
        (SUBNET, SUBNET, True),
        (SUBNET.upper(), SUBNET, True),
        (VNET, SUBNET, True),
        (GROUP, SUBNET, True),
        (f"/subscriptions/{SUB}", SUBNET, True),
        ("/", SUBNET, True),
        ("/providers/Microsoft.Management/managementGroups/mg", SUBNET, True),
        (SUBNET, VNET, False),
        (f"{GROUP}x", SUBNET, False),
        (GROUP[:-1], SUBNET, False),
        (f"{VNET}2", SUBNET, False),
        (f"{VNET}/subnets/node", SUBNET, False),
        (f"/subscriptions/{SUB[:-1]}6", SUBNET, False),
    ],
)
def test_an_assignment_covers_what_is_below_it_segment_by_segment(
    held_at: str, scope: str, expected: bool
) -> None:
    assert covers(held_at, parse_scope(scope)) is expected


SEGMENT = st.text(string.ascii_letters + string.digits + "-_.()", max_size=95) | NASTY | st.text()


@given(st.lists(SEGMENT, max_size=10), st.booleans())
def test_no_accepted_id_holds_anything_but_allowed_characters(
    segments: list[str], real: bool
) -> None:
    start = [SUB, "resourceGroups"] if real else []
    text = "/subscriptions/" + "/".join([*start, *segments])
    _accepted_only_if_clean(text)


@given(
    st.sampled_from([GROUP, VNET, SUBNET, CLUSTER]),
    st.integers(0, 200),
    NASTY | st.text(min_size=1, max_size=3),
)
def test_no_accepted_id_hides_an_inserted_text(text: str, position: int, inserted: str) -> None:
    _accepted_only_if_clean(text[:position] + inserted + text[position:])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_damaged_id_is_accepted_unless_it_reads_as_one(seed: int) -> None:
    """10,000 ids, a hundred from each number drawn: a few characters swapped, doubled or lost."""
    dice = Random(seed)  # noqa: S311
    for _ in range(100):
        text = dice.choice([GROUP, VNET, SUBNET, CLUSTER])
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(text))
            new = dice.choice(["", "/", "..", "%2f", "#", "?", "\\", "\n", "\0", "é", "*", "a"])
            text = text[:place] + new + text[place + dice.randrange(2) :]
        _accepted_only_if_clean(text)


def _accepted_only_if_clean(text: str) -> None:
    try:
        parsed = parse_scope(text)
    except InvalidId:
        return
    assert ALLOWED.fullmatch(str(parsed))
    assert not {"", ".", ".."} & set(str(parsed)[1:].split("/"))
    assert parse_scope(str(parsed)) == parsed
    assert str(parse_scope(str(parsed))) == str(parsed)
    assert parsed.key == text.lower()


def test_what_is_no_scope_is_covered_by_none() -> None:
    assert covers_text(GROUP, SUBNET)
    assert not covers_text(GROUP, f"{SUBNET}/..")
