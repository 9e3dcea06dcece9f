"""Which cluster a person means: by name, by group/name, or by ARM id (pure)."""

from collections.abc import Collection, Iterable

from grantkeeper.failure import CommandFailed, ExitCode
from grantkeeper.report import Cluster


def find(clusters: Iterable[Cluster], name: str) -> Cluster | None:
    """The cluster of that name, or None. Raises `CommandFailed` when there are several."""
    found = [cluster for cluster in clusters if _is_called(cluster, name)]
    if len(found) > 1:
        raise several(name, [cluster.id for cluster in found])
    return found[0] if found else None


def several(name: str, ids: Collection[str]) -> CommandFailed:
    """What to raise when several clusters have that name."""
    listed = "".join(f"\n  {each}" for each in ids)
    return CommandFailed(
        ExitCode.WRONG_INPUT, f"{name} is the name of {len(ids)} clusters; say which:{listed}"
    )


def unknown(clusters: Iterable[Cluster], name: str) -> CommandFailed:
    """What to raise when there is no cluster of that name: it says which there are."""
    known = ", ".join(each.label for each in clusters) or "none"
    return CommandFailed(ExitCode.NOT_FOUND, f"{name}: no such cluster; there are: {known}")


def _is_called(cluster: Cluster, name: str) -> bool:
    names = {cluster.name.lower(), cluster.label.lower(), cluster.id.lower()}
    return name.lower() in names
