"""Which names, lengths and types ids have, to the letter, and what is said of others."""

import string
from collections.abc import Callable

import pytest

from shared.resource_id import (
    InvalidId,
    ResourceId,
    cluster_id,
    parse_scope,
    resource_type,
    subscription_id,
)

SUB = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUB}/resourceGroups/g"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
LETTERS = set(string.ascii_letters + string.digits)
EVERY = [*map(chr, range(256)), "\u0661", "\u0130", "\u017f", "\u212a", "\uff0e", "\U0001f4a5"]
TYPES = [
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Compute/capacityReservationGroups",
    "Microsoft.Compute/diskEncryptionSets",
    "Microsoft.Compute/disks",
    "Microsoft.Compute/hostGroups",
    "Microsoft.Compute/snapshots",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/dnsZones",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/publicIPPrefixes",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/subnets",
    "Microsoft.Storage/storageAccounts",
]


def group(name: str) -> object:
    return cluster_id(SUB, name, "c")


def cluster(name: str) -> object:
    return cluster_id(SUB, "g", name)


def resource(name: str) -> object:
    return parse_scope(f"{VNET}/{name}")


def taken(make: Callable[[str], object], form: str) -> set[str]:
    """The characters that may stand where the form has `{}`."""
    return {character for character in EVERY if accepts(make, form.format(character))}


def accepts(make: Callable[[str], object], name: str) -> bool:
    try:
        make(name)
    except InvalidId:
        return False
    return True


@pytest.mark.parametrize(
    ("make", "first", "inner", "last", "longest"),
    [
        (group, LETTERS | set("-_.()"), LETTERS | set("-_.()"), LETTERS | set("-_()"), 90),
        (cluster, LETTERS, LETTERS | set("-_"), LETTERS, 63),
        (resource, LETTERS | {"_"}, LETTERS | set("-_.()"), LETTERS | set("-_()"), 260),
    ],
    ids=["group", "cluster", "resource"],
)
def test_a_name_has_these_characters_and_no_others(
    make: Callable[[str], object], first: set[str], inner: set[str], last: set[str], longest: int
) -> None:
    assert taken(make, "{}a") == first
    assert taken(make, "a{}a") == inner
    assert taken(make, "a{}") == last
    assert taken(make, "{}") == first & last
    assert accepts(make, "a" * longest)
    assert not accepts(make, "a" * (longest + 1))
    assert not accepts(make, "")


@pytest.mark.parametrize("name", TYPES)
def test_these_types_are_known_in_any_case(name: str) -> None:
    assert resource_type(name.upper()) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an ARM id begins with '/subscriptions/' and has at most 1024 characters"),
        (f"{VNET}/{'a' * 1024}", "an ARM id begins with '/subscriptions/' and has at most 1024 "
         "characters"),
        (f"/subscriptions/{SUB}", "the id is not of a resource group or of a resource in one"),
        ("/subscriptions/x/resourceGroups/g", "the subscription id is not a GUID"),
        (f"{GROUP}.", "resourceGroup: a resource group name has 1 to 90 letters, digits, or any of "
         "'-_.()', and does not end with a period"),
        (VNET, "the id does not end in /providers/{namespace}/{type}/{name}"),
        (f"{VNET}/a/things/b", "the id's resource type is not one that roles are granted on"),
        (f"{VNET}/a b", "a name in the id has characters that resource names do not have"),
    ],
)  # fmt: skip
def test_a_refused_id_is_told_why(text: str, message: str) -> None:
    with pytest.raises(InvalidId) as refusal:
        parse_scope(text)
    assert str(refusal.value) == message


def test_a_subscription_that_is_no_guid_is_told_so() -> None:
    with pytest.raises(InvalidId, match=r"^the subscription id is not a GUID$"):
        subscription_id("me")


def test_a_resource_has_one_name_for_each_part_of_its_type() -> None:
    with pytest.raises(ValueError, match="zip"):
        str(ResourceId(SUB, "g", "Microsoft.Network/virtualNetworks", ("a", "b")))
