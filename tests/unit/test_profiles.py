"""A profile and a request make the body of `az aks create --enable-managed-identity`."""

from pathlib import Path
from typing import Any

import pytest

from shared.policy_file import load, parse
from shared.profiles import Unacceptable, check, cluster_body, dns_prefix
from shared.resource_id import ClusterId
from tests.unit.nouns import CLUSTER, POLICY_TEXT, SUB, policy, request

SHIPPED = load(Path(__file__).resolve().parents[2] / "policy.yaml")


def body_of(text: str = POLICY_TEXT, **changes: Any) -> dict[str, Any]:
    asked = request(**changes)
    return cluster_body(check(parse(text.encode()), asked), asked, CLUSTER)


def test_the_default_profile_is_a_cluster_with_managed_identity() -> None:
    """`az aks create -g … -n … --enable-managed-identity`: learn.microsoft.com/azure/aks/
    use-managed-identity; the defaults are azure-cli's (acs/_params.py)."""
    body = cluster_body(check(SHIPPED, request()), request(), CLUSTER)
    assert body["identity"] == {"type": "SystemAssigned"}
    assert "servicePrincipalProfile" not in body["properties"]
    (pool,) = body["properties"]["agentPoolProfiles"]
    assert (pool["mode"], pool["count"], pool["name"]) == ("System", 3, "nodepool1")
    assert pool["type"] == "VirtualMachineScaleSets"
    assert body["properties"]["enableRBAC"] is True
    assert body["properties"]["networkProfile"]["loadBalancerSku"] == "standard"
    assert body["location"] == "westus2"


def test_parameters_land_where_their_pointer_says() -> None:
    body = body_of(parameters={"nodeCount": 7})
    assert body["properties"]["agentPoolProfiles"][0]["count"] == 7


def test_a_pointer_may_lead_to_what_is_not_there_yet() -> None:
    text = POLICY_TEXT.replace("/properties/agentPoolProfiles/0/count", "/properties/a~1b/c~0d/e")
    assert body_of(text, parameters={"nodeCount": 7})["properties"]["a/b"] == {"c~d": {"e": 7}}


def test_the_profile_itself_is_never_changed() -> None:
    shared = policy()
    before = str(shared.profiles)
    asked = request(parameters={"nodeCount": 9}, tags={"a": "b"})
    cluster_body(check(shared, asked), asked, CLUSTER)
    assert str(shared.profiles) == before


def test_tags_of_profile_and_request_and_the_request_id_are_there() -> None:
    text = POLICY_TEXT.replace(
        "    cluster:\n", "    cluster:\n      tags: {a: profile, b: profile}\n"
    )
    assert body_of(text, tags={"b": "request", "grantkeeper-request-id": "forged"})["tags"] == {
        "a": "profile",
        "b": "request",
        "grantkeeper-request-id": "r-1",
    }


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"profile": "gold"}, "UnknownProfile", "profile"),
        ({"profile": ""}, "UnknownProfile", "profile"),
        ({"location": "eastus"}, "LocationNotAllowed", "location"),
        ({"parameters": {"vmSize": "x"}}, "UnknownParameter", "parameters.vmSize"),
        ({"parameters": {"nodeCount": 0}}, "ParameterOutOfBounds", "parameters.nodeCount"),
        ({"parameters": {"nodeCount": 11}}, "ParameterOutOfBounds", "parameters.nodeCount"),
        ({"parameters": {"nodeCount": True}}, "ParameterOutOfBounds", "parameters.nodeCount"),
    ],
)
def test_what_a_profile_does_not_allow(changes: dict[str, Any], reason: str, field: str) -> None:
    text = POLICY_TEXT.replace("  default:\n", "  default:\n    locations: [westus2]\n")
    with pytest.raises(Unacceptable) as fault:
        check(parse(text.encode()), request(**changes))
    assert (fault.value.reason, fault.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("group", "name", "prefix"),
    [
        ("myResourceGroup", "MyManagedCluster", "MyManagedC-myResourceGroup-111111"),
        ("g", "1a", "a1a-g-111111"),
        ("a_b.c(d)", "x_y-z", "xy-z-abcd-111111"),
        ("averyveryverylonggroup", "c", "c-averyveryverylon-111111"),
    ],
)
def test_the_dns_prefix_is_the_azure_clis(group: str, name: str, prefix: str) -> None:
    """azure-cli `_get_default_dns_prefix`."""
    assert dns_prefix(ClusterId(SUB, group, name)) == prefix


def test_a_dns_prefix_of_the_profile_is_kept() -> None:
    text = POLICY_TEXT.replace(
        "      properties:\n", "      properties:\n        dnsPrefix: mine\n"
    )
    assert body_of(text)["properties"]["dnsPrefix"] == "mine"
