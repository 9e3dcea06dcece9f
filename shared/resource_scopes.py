"""Where a cluster uses other resources that were brought along: disks' keys, zones, identities,
reserved machines, vaults, registries (pure)."""

from shared.model import Cluster
from shared.network_scopes import own_zone
from shared.pointers import Related, Scopes, group_of, pools, properties


def disk_encryption_set(cluster: Cluster, _: Related) -> Scopes:
    """Disks with customer-managed keys (aks/azure-disk-customer-managed-keys)."""
    yield from properties(cluster).found("diskEncryptionSetID")


def private_dns_zone(cluster: Cluster, _: Related) -> Scopes:
    """The API server of a private cluster is entered in its own zone (aks/private-clusters)."""
    yield from own_zone(cluster)


def kubelet_identity(cluster: Cluster, _: Related) -> Scopes:
    """The control plane assigns a kubelet identity that was brought along to the nodes."""
    yield from properties(cluster).found("identityProfile", "kubeletidentity", "resourceId")


def capacity_reservations(cluster: Cluster, _: Related) -> Scopes:
    """The group of a pool's capacity reservation (aks/use-capacity-reservation-groups)."""
    for pool in pools(cluster):
        for reservation in pool.found("capacityReservationGroupID"):
            yield group_of(reservation)


def host_groups(cluster: Cluster, _: Related) -> Scopes:
    """The group of a pool's dedicated hosts (aks/use-azure-dedicated-hosts)."""
    for pool in pools(cluster):
        for hosts in pool.found("hostGroupID"):
            yield group_of(hosts)


def key_vault_keys(cluster: Cluster, _: Related) -> Scopes:
    """KMS encrypts etcd with a key of the vault (aks/use-kms-etcd-encryption). A public vault is
    named only by the key's address, which is no scope: then the grant is to be declared."""
    kms = properties(cluster).at("securityProfile", "azureKeyVaultKms")
    if kms.flag("enabled"):
        yield from kms.found("keyVaultResourceId" if kms.text("keyVaultResourceId") else "keyId")


def key_vault_network(cluster: Cluster, _: Related) -> Scopes:
    """A private vault is reached over a private link that the control plane sets up."""
    kms = properties(cluster).at("securityProfile", "azureKeyVaultKms")
    if kms.flag("enabled") and kms.says("Private", "keyVaultNetworkAccess"):
        yield from kms.found("keyVaultResourceId")


def bootstrap_registry(cluster: Cluster, _: Related) -> Scopes:
    """Nodes of a network-isolated cluster pull the system images from this registry."""
    yield from properties(cluster).found("bootstrapProfile", "containerRegistryId")
