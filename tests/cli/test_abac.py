"""The evaluator of conditions agrees with the documentation, and with the emulator's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantkeeper.abac import UnknownCondition, allows
from infra.emulator import conditions as emulated
from shared.delegation import DELETE, WRITE

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
ROLE, TYPE = f"@Request[{ASSIGNMENTS}:RoleDefinitionId]", f"@Request[{ASSIGNMENTS}:PrincipalType]"
PRIVILEGED = f"{{{OWNER}, {ACCESS_ADMINISTRATOR}, {RBAC_ADMINISTRATOR}}}"


def lets(condition: str, role: str) -> bool:
    return allows(condition, WRITE, {"RoleDefinitionId": role}, {})


def test_the_usual_deny_list_lets_owner_through() -> None:
    """Owner differs from User Access Administrator, and one difference is enough."""
    deny_list = f"{ROLE} ForAnyOfAnyValues:GuidNotEquals {PRIVILEGED}"
    assert lets(deny_list, OWNER)
    assert lets(deny_list, READER)


def test_the_documented_deny_list_stops_owner() -> None:
    deny_list = f"{ROLE} ForAnyOfAllValues:GuidNotEquals {PRIVILEGED}"
    assert not lets(deny_list, OWNER)
    assert lets(deny_list, READER)


@pytest.mark.parametrize(
    ("operator", "listed", "holds"),
    [
        ("ForAnyOfAnyValues:StringEquals", "{'blue', 'green'}", True),
        ("ForAnyOfAnyValues:StringEquals", "{'orange', 'green'}", False),
        ("ForAllOfAnyValues:StringEquals", "{'orange', 'red', 'blue'}", True),
        ("ForAllOfAnyValues:StringEquals", "{'red', 'green'}", False),
        ("ForAnyOfAllValues:StringEquals", "{'red'}", True),
        ("ForAnyOfAllValues:StringEquals", "{'red', 'blue'}", False),
        ("ForAllOfAllValues:StringNotEquals", "{'green', 'orange'}", True),
        ("ForAllOfAllValues:StringNotEquals", "{'green', 'blue'}", False),
        ("ForAnyOfAnyValues:StringEquals", "{'RED'}", False),
        ("ForAnyOfAnyValues:StringEqualsIgnoreCase", "{'RED'}", True),
        ("ForAllOfAllValues:StringNotEqualsIgnoreCase", "{'RED'}", False),
    ],
)
def test_cross_products_are_as_in_the_documentations_table(
    operator: str, listed: str, holds: bool
) -> None:
    colours = {"PrincipalType": ("red", "blue")}
    assert allows(f"{TYPE} {operator} {listed}", WRITE, colours, {}) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (f"{TYPE} StringEquals 'User'", True),
        (f"{TYPE} StringNotEquals 'User'", False),
        (f"{ROLE} GuidEquals {OWNER.upper()}", True),
        (f"NOT {ROLE} GuidEquals {OWNER}", False),
        (f"!{TYPE} StringEquals 'Group' && {ROLE} GuidEquals {OWNER}", True),
        (f"{TYPE} StringEquals 'Group' || {ROLE} GuidEquals {OWNER}", True),
        ("ActionMatches{'Microsoft.Authorization/roleAssignments/*'}", True),
        ("ActionMatches{'Microsoft.Authorization/roleDefinitions/*'}", False),
        (f"@Resource[{ASSIGNMENTS}:PrincipalType] StringNotEquals 'User'", False),
    ],
)
def test_single_values_negation_and_actions(condition: str, holds: bool) -> None:
    asked = {"RoleDefinitionId": OWNER, "PrincipalType": "User"}
    assert allows(condition, WRITE, asked, {}) is holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "(",
        f"({TYPE} StringEquals 'User'",
        f"{TYPE} StringEquals 'User')",
        f"{TYPE} StringEquals 'User",
        f"{TYPE} StringEquals",
        f"{TYPE} StringEquals User",
        f"{TYPE} StringLike 'U*'",
        f"{TYPE} ForAnyOfAnyValues:StringEquals {{}}",
        f"{TYPE} ForAnyOfAnyValues:StringEquals {{'a' 'b'}}",
        f"{TYPE} ForAnyOfAnyValues:StringEquals 'a'",
        f"{TYPE} ForSomeOfAnyValues:StringEquals {{'a'}}",
        f"{ROLE} GuidEquals Owner",
        f"{ROLE} GuidEqualsIgnoreCase {OWNER}",
        f"{ROLE} ForAnyOfAnyValues:GuidEquals {{'{OWNER[1:]}'}}",
        f"@Principal[{ASSIGNMENTS}:PrincipalType] StringEquals 'User'",
        f"@Request[{ASSIGNMENTS}:Scope] StringEquals '/'",
        "@Request[subOperation] StringEquals 'User'",
        "SubOperationMatches{'Blob.List'}",
        "ActionMatches{'a', 'b'}",
        "ActionMatches{a}",
        "Exists " + TYPE,
        f"{TYPE} StringEquals 'a' AND {TYPE} StringEquals 'b' OR {TYPE} StringEquals 'c'",
        "ActionMatches{'x'} ActionMatches{'y'}",
        "the end",
    ],
)
def test_what_is_not_known_is_refused_never_guessed(condition: str) -> None:
    with pytest.raises(UnknownCondition):
        allows(condition, WRITE, {}, {})


# --- against the emulator's own evaluator --------------------------------------------------------

TYPES = ["ServicePrincipal", "serviceprincipal", "User", "Group"]
ROLES = [OWNER, READER, ACCESS_ADMINISTRATOR]
ACTIONS = [WRITE, DELETE, WRITE.upper(), "Microsoft.Network/virtualNetworks/read"]
CROSS = st.sampled_from([f"For{a}Of{b}Values:" for a in ("Any", "All") for b in ("Any", "All")])
SOURCES = st.sampled_from(["@Request", "@Resource"])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["RoleDefinitionId", "PrincipalId", "PrincipalType"]))
    if name == "PrincipalType":
        kinds = ["StringEquals", "StringNotEquals"]
        operator = draw(st.sampled_from(kinds + [f"{kind}IgnoreCase" for kind in kinds]))
        values = [f"'{value}'" for value in draw(st.lists(st.sampled_from(TYPES), min_size=1))]
    else:
        operator = draw(st.sampled_from(["GuidEquals", "GuidNotEquals"]))
        ids = st.sampled_from([*ROLES, OWNER.upper()])
        values = draw(st.lists(ids, min_size=1, max_size=3))
    return f"{draw(SOURCES)}[{ASSIGNMENTS}:{name}] {draw(CROSS)}{operator} {{{', '.join(values)}}}"


PATTERNS = [*ACTIONS, "*", "*/write", "Microsoft.Authorization/*", "microsoft.*/*/Delete"]
LEAVES = comparisons() | st.sampled_from([f"ActionMatches{{'{each}'}}" for each in PATTERNS])


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(parts, min_size=1, max_size=3)
    joints = st.sampled_from([" AND ", " OR ", " && ", " || ", "\n AND\n "])
    both = st.tuples(joints, several).map(lambda each: f"({each[0].join(each[1])})")
    return both | parts.map(lambda each: f"!({each})") | parts.map(lambda each: f"({each})")


CONDITIONS = st.recursive(LEAVES, joined, max_leaves=8)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "RoleDefinitionId": st.sampled_from(ROLES),
        "PrincipalId": st.sampled_from(ROLES),
        "PrincipalType": st.sampled_from(TYPES),
    },
)


@given(CONDITIONS, st.sampled_from(ACTIONS), ATTRIBUTES, ATTRIBUTES)
def test_both_evaluators_agree(
    condition: str, action: str, request: dict[str, str], resource: dict[str, str]
) -> None:
    attempt = emulated.Attempt(
        action,
        {name.lower(): value for name, value in request.items()},
        {name.lower(): value for name, value in resource.items()},
    )
    assert allows(condition, action, request, resource) == emulated.parse(condition)(attempt)
