"""Where a cluster uses other resources: when a rule finds something, and when it does not."""

from typing import Any

import pytest

from tests.unit.nouns import REGISTRY, policy
from tests.unit.topologies import (
    EVERYWHERE,
    KEY_ADDRESS,
    NODE_GROUP,
    SHARED,
    VAULT,
    because,
    needs,
    pool,
)

KMS = "properties.securityProfile.azureKeyVaultKms"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
REPOSITORY_READER = "b93aa761-3e63-49ed-ac28-beffa264f7ac"
COMPUTE = f"{SHARED}/providers/Microsoft.Compute"


def kms(**settings: Any) -> dict[str, Any]:
    """Encryption of etcd, on unless told, with a key in a public vault unless told."""
    usual = {"enabled": True, "keyId": KEY_ADDRESS, "keyVaultNetworkAccess": "Public"}
    return {"securityProfile": {"azureKeyVaultKms": {**usual, **settings}}}


@pytest.mark.parametrize("network", ["Private", "private"])
def test_a_private_vault_is_read_and_linked_to(network: str) -> None:
    private = kms(keyVaultResourceId=VAULT, keyVaultNetworkAccess=network)
    assert because("etcd encryption key", private) == [(VAULT, f"{KMS}.keyVaultResourceId")]
    assert because("private link to the key vault", private) == [
        (VAULT, f"{KMS}.keyVaultResourceId")
    ]


@pytest.mark.parametrize("network", ["Public", "", None])
def test_a_public_vault_is_only_read(network: str | None) -> None:
    public = kms(keyVaultResourceId=VAULT, keyVaultNetworkAccess=network)
    assert because("etcd encryption key", public) == [(VAULT, f"{KMS}.keyVaultResourceId")]
    assert because("private link to the key vault", public) == []


@pytest.mark.parametrize("nowhere", [{}, {"keyVaultResourceId": None}, {"keyVaultResourceId": ""}])
def test_a_vault_that_only_the_keys_address_names_is_no_scope(nowhere: dict[str, Any]) -> None:
    (grant,) = needs(kms(**nowhere))
    assert grant.because == "etcd encryption key"
    assert (grant.refused, grant.source) == ("InvalidScope", f"{KMS}.keyId")
    assert grant.scope == f"'{KEY_ADDRESS}'"


@pytest.mark.parametrize("enabled", [False, None, "false", "yes", 1])
def test_without_encryption_no_vault_is_needed(enabled: Any) -> None:
    assert needs(kms(enabled=enabled, keyVaultResourceId=VAULT)) == ()
    private = kms(
        enabled=enabled, keyVaultResourceId=VAULT, keyVaultNetworkAccess="Private"
    )  # what is left of it when it is switched off
    assert needs(private) == ()


def test_a_vault_that_the_operator_declares_makes_up_for_the_missing_id() -> None:
    declared = policy(
        f"{EVERYWHERE}"
        "grants:\n"
        "  - identity: controlPlane\n"
        "    role: Key Vault Crypto User\n"
        f"    scope: {VAULT}\n"
        "    because: the key of etcd\n"
    )
    (grant,) = needs(kms(), by=declared)
    assert (grant.scope, grant.because, grant.refused) == (VAULT, "the key of etcd", "")


@pytest.mark.parametrize(
    ("identity", "role"),
    [("kubelet", "Key Vault Crypto User"), ("controlPlane", "Key Vault Contributor")],
)
def test_a_declared_grant_of_another_identity_or_role_does_not(identity: str, role: str) -> None:
    declared = policy(
        f"{EVERYWHERE}"
        f"grants: [{{identity: {identity}, role: {role}, scope: {VAULT}, because: other}}]\n"
    )
    found = {(grant.because, grant.refused) for grant in needs(kms(), by=declared)}
    assert found == {("etcd encryption key", "InvalidScope"), ("other", "")}


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        (("LegacyRegistryPermissions",), ACR_PULL),
        (("AbacRepositoryPermissions",), REPOSITORY_READER),
        ((), ACR_PULL),
    ],
)
def test_the_role_to_pull_images_is_the_one_that_the_registry_honours(
    mode: tuple[str, ...], role: str
) -> None:
    bootstrap = {"bootstrapProfile": {"containerRegistryId": REGISTRY}}
    facts: Any = {REGISTRY: {"roleAssignmentMode": mode, "loginServer": ("x.azurecr.io",)}}
    assert [(g.role, g.scope) for g in needs(bootstrap, facts)] == [(role, REGISTRY)]


def test_a_registry_that_cannot_be_read_gets_no_grant_now() -> None:
    assert needs({"bootstrapProfile": {"containerRegistryId": REGISTRY}}, {REGISTRY: None}) == ()


@pytest.mark.parametrize("scope", [REGISTRY.partition("/providers")[0], VAULT])
def test_pulling_at_what_is_no_registry_is_pulling(scope: str) -> None:
    """A group has registries in either mode; its grant is as the operator declared it."""
    bootstrap = {"bootstrapProfile": {"containerRegistryId": scope}}
    known: Any = {scope: {"roleAssignmentMode": ("AbacRepositoryPermissions",)}}
    assert [(g.role, g.scope) for g in needs(bootstrap, known)] == [(ACR_PULL, scope)]


def test_only_pulling_depends_on_the_registrys_mode() -> None:
    declared = policy(
        f"{EVERYWHERE}"
        f"grants: [{{identity: kubelet, role: Reader, scope: {REGISTRY}, because: its SKU}}]\n"
    )
    assert [grant.because for grant in needs({}, {REGISTRY: None}, declared)] == ["its SKU"]


@pytest.mark.parametrize("profile", [None, {}, {"artifactSource": "Direct"}, "odd"])
def test_a_cluster_that_pulls_from_microsoft_needs_no_registry(profile: Any) -> None:
    assert needs({"bootstrapProfile": profile}) == ()


@pytest.mark.parametrize("profile", [None, {}, {"kubeletidentity": None}])
def test_a_kubelet_identity_that_is_not_there_yet_needs_nothing(profile: Any) -> None:
    assert needs({"identityProfile": profile}) == ()


def test_a_kubelet_identity_that_aks_made_is_left_to_aks() -> None:
    theirs = f"{NODE_GROUP.lower()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/k"
    assert needs({"identityProfile": {"kubeletidentity": {"resourceId": theirs}}}) == ()


@pytest.mark.parametrize(
    ("property_", "resource", "reason"),
    [
        ("capacityReservationGroupID", f"{COMPUTE}/capacityReservationGroups/a",
         "capacity reservation group"),
        ("hostGroupID", f"{COMPUTE}/hostGroups/a", "dedicated host group"),
    ],
)  # fmt: skip
def test_pools_that_share_a_group_of_machines_need_it_once(
    property_: str, resource: str, reason: str
) -> None:
    shared = {"agentPoolProfiles": [pool(), pool(**{property_: resource})] + [pool()] * 2}
    shared["agentPoolProfiles"].append(pool(**{property_: f"{resource}2"}))
    assert because(reason, shared) == [(SHARED, f"properties.agentPoolProfiles[1].{property_}")]
    odd = {"agentPoolProfiles": [pool(**{property_: "no id"})]}
    assert because(reason, odd) == [("'no id'", f"properties.agentPoolProfiles[0].{property_}")]


def test_a_resource_groups_id_where_a_resources_belongs_is_taken_as_it_is() -> None:
    pools_of = {"agentPoolProfiles": [pool(capacityReservationGroupID=SHARED, vnetSubnetID=SHARED)]}
    automatic = {"nodeProvisioningProfile": {"mode": "Auto"}, **pools_of}
    at_shared = {grant.because for grant in needs(automatic) if grant.scope == SHARED}
    assert at_shared == {"capacity reservation group", "node subnet"}  # the network's is the same
