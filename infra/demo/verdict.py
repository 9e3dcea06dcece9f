"""Whether it went as it should: what ARM, the emulator and the product say, compared (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.demo.rest import Json
from infra.demo.scene import READER, Scene

APP = "grantkeeper"  # the product's identity in the ledger
Held = tuple[str, str, str]  # principal id, role definition GUID, scope in lower case


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found at the end.

    `clusters` are ARM's documents; `made` the role assignments that were not there at the start,
    `known_to_emulator` those of its control endpoint; `report` is `status --json`;
    `faults_waiting` are the event faults that did not happen; `ledger` every request to ARM.
    """

    scene: Scene
    clusters: Sequence[Json]
    made: Sequence[Json]
    known_to_emulator: Sequence[Json]
    report: Json
    faults_waiting: Sequence[Json]
    ledger: Sequence[Json]


def faults(evidence: Evidence) -> list[str]:
    """What is not as it should be, in plain words; nothing when all is well."""
    return [
        *_not_ready(evidence),
        *_wrong_assignments(evidence),
        *_beyond_policy(evidence),
        *_too_early(evidence),
        *_forbidden(evidence),
        *(f"the event fault {each['kind']} hit no event" for each in evidence.faults_waiting),
    ]


def outside(assignments: Sequence[Json], clusters: Sequence[Json]) -> list[Json]:
    """The role assignments that are not in a node resource group, which AKS makes for itself."""
    groups = [f"/resourcegroups/{c['properties']['nodeResourceGroup']}/".lower() for c in clusters]
    return [
        each
        for each in assignments
        if not any(group in f"{each['properties']['scope']}/".lower() for group in groups)
    ]


def _expected(evidence: Evidence) -> set[Held]:
    return {
        (principal, role, scope.lower())
        for cluster in evidence.clusters
        for principal, role, scope in evidence.scene.needs(cluster)
    }


def _held(assignment: Json) -> Held:
    properties = assignment["properties"]
    role = properties["roleDefinitionId"].rpartition("/")[2]
    return properties["principalId"], role, properties["scope"].lower()


def _not_ready(evidence: Evidence) -> Iterator[str]:
    known = {cluster["id"].lower(): cluster for cluster in evidence.report["clusters"]}
    for wanted in (evidence.scene.requested, evidence.scene.foreign):
        cluster = known.get(wanted.lower())
        if cluster is None:
            yield f"{wanted} is not known"
        elif cluster["ready"] != "True":
            yield f"{cluster['name']} is not Ready: {cluster['reason']}"


def _wrong_assignments(evidence: Evidence) -> Iterator[str]:
    found = {_held(each) for each in outside(evidence.made, evidence.clusters)}
    wanted = _expected(evidence)
    yield from (f"missing role assignment: {held}" for held in sorted(wanted - found))
    yield from (f"unexpected role assignment: {held}" for held in sorted(found - wanted))


def _beyond_policy(evidence: Evidence) -> Iterator[str]:
    """The one grant that policy refuses is made by the administrator, and never by us."""
    for each in evidence.made:
        by_us = str(each["properties"].get("description") or "").startswith("grantkeeper")
        if by_us and _held(each)[1] == READER:
            yield f"a role assignment that policy does not allow: {_held(each)}"


def _too_early(evidence: Evidence) -> Iterator[str]:
    """Ready, or a grant called effective, before the emulator let the permission work."""
    works = {_held(a): a["emulator"]["effectiveAt"] for a in evidence.known_to_emulator}
    for cluster in evidence.report["clusters"]:
        ready = next((c for c in cluster["conditions"] if c["type"] == "Ready"), None)
        for grant in cluster["grants"]:
            at = works.get((grant["principalId"], grant["role"], grant["scope"].lower()))
            for what, said in (
                ("Ready", ready["since"] if ready and ready["status"] == "True" else None),
                (f"{grant['roleName']} effective", grant["effectiveAt"]),
            ):
                if said and at and datetime.fromisoformat(said) < datetime.fromisoformat(at):
                    yield f"{cluster['name']} was called {what} at {said}, before {at}"


def _forbidden(evidence: Evidence) -> Iterator[str]:
    """The product has the template's roles and needs no other: nothing it asks is refused."""
    for each in evidence.ledger:
        if each["caller_name"] == APP and each["status"] == 403:
            yield f"the app may not {each['method']} {each['path']}"
