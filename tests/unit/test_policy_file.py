"""A policy with faults is refused, and every fault says line, field and remedy."""

from pathlib import Path

import pytest

from shared.policy_file import Fault, PolicyError, load, parse
from tests.unit.nouns import POLICY_TEXT, REGISTRY, SUB
from tests.unit.policy_texts import GRANT, SCOPES, changed

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ROLES = "[Network Contributor, AcrPull, Container Registry Repository Reader]"
DECLARED = GRANT.format("kubelet", "AcrPull", REGISTRY)
PROFILE = "profiles.default"
CLUSTER = f"{PROFILE}.cluster"
COUNT = f"{PROFILE}.parameters.nodeCount"


def faults(text: str | bytes) -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as refused:
        parse(text if isinstance(text, bytes) else text.encode())
    return refused.value.faults


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("grantkeeper/v1", "grantkeeper/v0", "apiVersion"),
        ("profiles:", "profile:", "profile"),
        ("grantable:", "grantables:", "grantables"),
        (ROLES, "[Owner]", "grantable[0].roles[0]"),
        (ROLES, f"[AcrPull, {OWNER}]", "grantable[0].roles[1]"),
        (ROLES, "[AcrPul]", "grantable[0].roles[0]"),
        (ROLES, "AcrPull", "grantable[0].roles"),
        (ROLES, "[]", "grantable[0].roles"),
        (SCOPES, "[]", "grantable[0].scopes"),
        (SCOPES, "['*']", "grantable[0].scopes[0]"),
        (SCOPES, f"[/subscriptions/{SUB}]", "grantable[0].scopes[0]"),
        (SCOPES, SCOPES + "\n    dataActions: ['*']", "grantable[0].dataActions[0]"),
        (SCOPES, SCOPES + "\n    dataActions: ['*/read']", "grantable[0].dataActions[0]"),
        ("scopes:", "resourceGroups:", "grantable[0].resourceGroups"),
        ("type: integer", "type: float", f"{COUNT}.type"),
        ("minimum: 1", "minimum: one", f"{COUNT}.minimum"),
        ("minimum: 1", "minimum: 11", f"{COUNT}.maximum"),
        ("path: /properties", "path: properties", f"{COUNT}.path"),
        ("path: /properties", "path: /name", f"{COUNT}.path"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/1/count", f"{COUNT}.path"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/first/count", f"{COUNT}.path"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/0/count/of", f"{COUNT}.path"),
        ("type: integer", "type: string", COUNT),
        ("type: integer", "type: string, enum: [a]", f"{COUNT}.minimum"),
        ("type: integer", "type: integer, enum: [a]", f"{COUNT}.enum[0]"),
        ("type: integer", "type: integer, pattern: x", f"{COUNT}.pattern"),
        ("type: integer, minimum: 1, maximum: 10", "type: string, pattern: '['",
         f"{COUNT}.pattern"),
        ("SystemAssigned", "None", f"{CLUSTER}.identity.type"),
        ("SystemAssigned", "ServicePrincipal", f"{CLUSTER}.identity.type"),
        ("identity: {type: SystemAssigned}", "sku: {}", f"{CLUSTER}.identity.type"),
        ("agentPoolProfiles: [", "pools: [", f"{CLUSTER}.properties.agentPoolProfiles"),
        ("[{name: nodepool1, mode: System, count: 3}]", "[]",
         f"{CLUSTER}.properties.agentPoolProfiles"),
        ("[{name: nodepool1, mode: System, count: 3}]", "[nodepool1]",
         f"{CLUSTER}.properties.agentPoolProfiles"),
        ("      properties:\n", "      properties:\n        servicePrincipalProfile: {}\n",
         f"{CLUSTER}.properties.servicePrincipalProfile"),
        ("      properties:\n", "      properties:\n        kubernetesVersion: 1.30\n",
         f"{CLUSTER}.properties.kubernetesVersion"),
        ("      properties:\n", "      property:\n", f"{CLUSTER}.property"),
        ("      properties:\n", "      properties: []\n      property:\n", f"{CLUSTER}.properties"),
        ("      identity: {", "      tags: [a]\n      identity: {", f"{CLUSTER}.tags"),
        ("      identity: {", "      tags: {a: 1}\n      identity: {", f"{CLUSTER}.tags"),
        ("      identity: {", "      location: x\n      identity: {", f"{CLUSTER}.location"),
        ("      identity: {", "      name: x\n      identity: {", f"{CLUSTER}.name"),
        ("      identity: {", "      id: x\n      identity: {", f"{CLUSTER}.id"),
        ("      identity: {", "      type: x\n      identity: {", f"{CLUSTER}.type"),
        ("      identity: {", "      Sku: {}\n      identity: {", f"{CLUSTER}.Sku"),
        ("    parameters:", "    createResourceGroup: perhaps\n    parameters:",
         f"{PROFILE}.createResourceGroup"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field_and_line(before: str, after: str, named: str) -> None:
    text = changed(before, after)
    (fault,) = [each for each in faults(text) if each.field == named]
    start = text.index(after.strip().splitlines()[0])
    assert abs(fault.line - (text.count("\n", 0, start) + 1)) <= 4
    assert fault.message
    assert fault.remedy


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GRANT.format("kubelets", "AcrPull", REGISTRY), "grants[0].identity"),
        (GRANT.format("'addon:'", "AcrPull", REGISTRY), "grants[0].identity"),
        (GRANT.format("'addon:a b'", "AcrPull", REGISTRY), "grants[0].identity"),
        (GRANT.format("kubelet", "AcrPul", REGISTRY), "grants[0].role"),
        (GRANT.format("kubelet", OWNER, REGISTRY), "grants[0].role"),
        (GRANT.format("kubelet", "Reader", REGISTRY), "grants[0].role"),
        (GRANT.format("kubelet", "AcrPull", f"/subscriptions/{SUB}"), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", "/"), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", f"{REGISTRY}/.."), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", "/subscriptions/{sub}"), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", REGISTRY.replace("shared-", "own-")),
         "grants[0].scope"),
        (DECLARED.replace("x}", "' '}"), "grants[0].because"),
        (DECLARED.replace("x}", '"a\\nb"}'),
         "grants[0].because"),
        (DECLARED.replace("x}", "x" * 201 + "}"),
         "grants[0].because"),
        (DECLARED.replace("x}", "x, match: {subscriptions: [a]}}"),
         "grants[0].match.subscriptions[0]"),
        (DECLARED.replace("x}", "x, match: {group: a}}"),
         "grants[0].match.group"),
        ("roles: {nodeSubnet: AcrPull}\n", "roles.nodeSubnet"),
        ("roles: {nodeSubnets: Owner}\n", "roles.nodeSubnets"),
        ("roles: {nodeSubnets: Reader}\n", "roles.nodeSubnets"),
        ("roles: {nodeSubnets: 5}\n", "roles.nodeSubnets"),
        ("propagation: {window: PT0S}\n", "propagation.window"),
        ("propagation: {consecutiveReads: 0}\n", "propagation.consecutiveReads"),
        ("propagation: {window: 60 minutes}\n", "propagation.window"),
        ("propagation: {verify: hope}\n", "propagation.verify"),
        ("propagation: {verifyRules: {nodeSubnet: probe}}\n", "propagation.verifyRules.nodeSubnet"),
        ("propagation: {verifyRules: {nodeSubnets: hope}}\n",
         "propagation.verifyRules.nodeSubnets"),
        (DECLARED.replace("x}", "x, verify: hope}"), "grants[0].verify"),
        ("looks: {resync: -1}\n", "looks.resync"),
        ("looks: {absent: PT0S}\n", "looks.absent"),
        ("clusters: 5\n", "clusters"),
        ("clusters:\n", "clusters"),
        ("surprise: 1\n", "surprise"),
        ("clusters: []\nclusters: ['*']\n", "clusters"),
        ("clusters: &all ['*']\nlooks: *all\n", "looks"),
        ("clusters: !!set {a}\n", "clusters"),
        ("<<: {}\n", "['<<']"),
        ("5: {}\n", "5"),
        ("on: {}\n", "on"),
    ],
)  # fmt: skip
def test_a_fault_in_an_added_line_names_its_field_and_line(text: str, named: str) -> None:
    last = (POLICY_TEXT + text).rstrip().count("\n") + 1
    (*_, fault) = [each for each in faults(POLICY_TEXT + text) if each.field == named]
    assert fault.line == last


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", 0),
        (b"- a", 1),
        (b"5", 1),
        (b"\n\x00", 2),
        (b"\n\n\xff", 3),
        (b"a: [", 2),
        (b"a: 1\n---\nb: 2\n", 2),
        (b"\n" + b"[" * 500_000, 2),
        (b"a: {b: " * 60, 1),
        (b"# " + b"x" * 1_000_000, 0),
    ],
)
def test_what_is_no_policy_is_refused_as_a_whole(text: bytes, line: int) -> None:
    (fault,) = faults(text)
    assert (fault.field, fault.line) == ("policy", line)


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = (
        POLICY_TEXT.replace("maximum: 10", "maximum: ten")
        .replace("      identity: {", "      location: x\n      identity: {")
        .replace("AcrPull, Con", "AcrPul, Owner, Con")
        + "roles: {nodeSubnet: AcrPull, podSubnets: 5}\n"
        + "looks: {resync: 1, absent: PT0S, when: now}\n"
        + "surprise: 1\n"
    )
    told = faults(text)
    assert {each.field for each in told} == {
        f"{COUNT}.maximum",
        f"{CLUSTER}.location",
        "grantable[0].roles[1]",
        "grantable[0].roles[2]",
        "roles.nodeSubnet",
        "roles.podSubnets",
        "looks.resync",
        "looks.when",
        "surprise",
    }
    assert [each.line for each in told] == sorted(each.line for each in told)


def test_one_error_has_a_line_for_each_fault(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(POLICY_TEXT + "grunts: []\nlooks: {resync: 1}\n")
    with pytest.raises(PolicyError) as refused:
        load(file)
    last = POLICY_TEXT.count("\n")
    assert str(refused.value).splitlines() == [
        f"mine.yaml:{last + 1}: grunts: is no field here; did you mean grants?",
        f"mine.yaml:{last + 2}: looks.resync: is 1; write a duration such as PT30M",
    ]


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "9223372036854775808", "1" * 5_000])
def test_numbers_that_json_cannot_bear_are_faults(number: str) -> None:
    text = changed("count: 3", f"count: {number}")
    assert [each.field for each in faults(text)] == [
        f"{CLUSTER}.properties.agentPoolProfiles[0].count"
    ]


def test_a_grant_of_a_profile_is_checked_as_any() -> None:
    text = changed("    cluster:", "    " + GRANT.format("me", "Reader", "/") + "    cluster:")
    assert {each.field for each in faults(text)} == {
        f"{PROFILE}.grants[0].identity",
        f"{PROFILE}.grants[0].scope",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "roles: {nodeSubnet: AcrPull}\n",
            "roles.nodeSubnet: is no rule of inference; did you mean nodeSubnets?",
        ),
        (
            "roles: {nodeSubnets: Reader}\n",
            "roles.nodeSubnets: is a role that `grantable` does not have; add it to an entry",
        ),
        (
            GRANT.format("kubelet", "AcrPull", REGISTRY.replace("shared-", "my-")),
            "grants[0].scope: lies outside what `grantable` allows for AcrPull; "
            "add a pattern that covers it to an entry",
        ),
    ],
)
def test_a_fault_across_sections_says_what_is_wrong_and_what_to_do(text: str, told: str) -> None:
    (fault,) = faults(POLICY_TEXT + text)
    assert str(fault).partition(": ")[2] == told


def test_what_is_no_yaml_is_told_with_the_files_name() -> None:
    with pytest.raises(PolicyError) as refused:
        parse(b"a: [")
    begin, *_, end = str(refused.value).split("; ")
    assert begin.startswith("policy.yaml:2: policy: ")
    assert "None" not in begin
    assert end == "write YAML, as in the example"


def test_a_fault_of_no_line_is_told_without_one() -> None:
    (fault,) = faults(b"# " + b"x" * 1_000_000)
    assert str(fault).startswith(" policy: ")
