"""A pattern covers what it names and what lies below, by segments, and can name nothing higher."""

import re
import string
from fnmatch import translate
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.resource_id import InvalidId, parse_scope
from shared.scope_pattern import parse_scope_pattern
from tests.unit.nouns import OTHER_SUB, REGISTRY, SUB, SUBNET

GROUP = f"/subscriptions/{SUB}/resourceGroups/net-main"
LETTERS = "abcdefab-2222-3333-4444-555555555555"
VNET = SUBNET.rpartition("/subnets/")[0]
ANY = "/subscriptions/*/resourceGroups"
NETWORKS = "providers/Microsoft.Network/virtualNetworks"


@pytest.mark.parametrize(
    ("pattern", "scope"),
    [
        (f"{ANY}/net-main", GROUP),
        (f"{ANY}/net-main", SUBNET),
        (f"{ANY}/NET-MAIN", SUBNET),
        (f"{ANY}/net-*", SUBNET.replace("net-main", "NET-MAIN")),
        (f"{ANY}/net-*", GROUP.replace("net-main", "net-")),
        (f"{ANY}/net-????", SUBNET),
        (f"{ANY}/*", REGISTRY),
        (f"/Subscriptions/{SUB.upper()}/RESOURCEGROUPS/net-main", SUBNET),
        (f"{ANY}/net-main/{NETWORKS}/v", VNET),
        (f"{ANY}/net-main/{NETWORKS}/v", SUBNET),
        (f"{ANY}/net-main/{NETWORKS.upper()}/V", SUBNET),
        (f"{ANY}/net-main/{NETWORKS.lower()}/*/Subnets/*", SUBNET),
        (f"{ANY}/*-main/{NETWORKS}/?/subnets/no*s", SUBNET),
    ],
)
def test_it_covers_what_it_names_and_all_below(pattern: str, scope: str) -> None:
    assert parse_scope_pattern(pattern).covers(parse_scope(scope), (SUB,))


@pytest.mark.parametrize(
    ("pattern", "scope"),
    [
        (f"{ANY}/net-main", GROUP + "2"),
        (f"{ANY}/net-main", GROUP.replace("net-main", "my-net-main")),
        (f"{ANY}/net-???", GROUP),
        (f"{ANY}/net-main/{NETWORKS}/v", GROUP),
        (f"{ANY}/net-main/{NETWORKS}/v/subnets/nodes", VNET),
        (f"{ANY}/net-main/{NETWORKS}/v/subnets/nodes", f"{SUBNET}2"),
        (f"{ANY}/net-main/{NETWORKS}/*", f"{GROUP}/providers/Microsoft.Network/routeTables/v"),
        (f"{ANY}/net-main/{NETWORKS}/w", SUBNET),
        (f"/subscriptions/{OTHER_SUB}/resourceGroups/net-main", SUBNET),
        (f"{ANY}/net-main", SUBNET.replace(SUB, OTHER_SUB)),
    ],
)
def test_it_covers_nothing_beside_or_above(pattern: str, scope: str) -> None:
    assert not parse_scope_pattern(pattern).covers(parse_scope(scope), (SUB,))


def test_a_subscription_that_is_not_managed_has_to_be_written_out() -> None:
    there = parse_scope(GROUP.replace(SUB, OTHER_SUB))
    assert not parse_scope_pattern(f"{ANY}/net-main").covers(there, (SUB,))
    assert parse_scope_pattern(f"{ANY}/net-main").covers(there, (SUB, OTHER_SUB))
    written_out = parse_scope_pattern(f"/subscriptions/{OTHER_SUB}/resourceGroups/net-main")
    assert written_out.covers(there, (SUB,))
    assert not written_out.covers(parse_scope(GROUP), (SUB,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "*",
        "/*",
        "/subscriptions/*",
        f"/subscriptions/{SUB}",
        f"/subscriptions/{SUB}/",
        f"/subscriptions/{SUB}/resourceGroups",
        f"/subscriptions/{SUB}/resourceGroups/",
        "/subscriptions/mine/resourceGroups/net",
        "/subscriptions/?/resourceGroups/net",
        "/subscriptions/1*/resourceGroups/net",
        "/subscriptions/{subscriptionId}/resourceGroups/net",
        "subscriptions/*/resourceGroups/net",
        "//subscriptions/*/resourceGroups/net",
        "/x/*/resourceGroups/net",
        "/subscriptions/*/*/net",
        "/providers/Microsoft.Management/managementGroups/root",
        "/providers/Microsoft.Management/managementGroups/*",
        f"{ANY}/net/",
        f"{ANY}/net.",
        f"{ANY}/.",
        f"{ANY}/..",
        f"{ANY}/[a-z]",
        f"{ANY}/{{name}}",
        f"{ANY}/net\n",
        f"{ANY}/nét",
        f"{ANY}/net%2e",
        f"{ANY}/a/b",
        f"{ANY}/" + "a" * 261,
        f"{ANY}/net/providers",
        f"{ANY}/net/providers/Microsoft.Network",
        f"{ANY}/net/providers/Microsoft.Network/virtualNetworks",
        f"{ANY}/net/provider/Microsoft.Network/virtualNetworks/v",
        f"{ANY}/net/providers/Microsoft.Network/virtualNetworks/v/subnets",
        f"{ANY}/net/providers/Microsoft.Network/virtualNetworks/v/w/x",
        f"{ANY}/net/providers/Microsoft.Network/virtualNetworks/",
        f"{ANY}/net/providers/Microsoft.Network/*/v",
        f"{ANY}/net/providers/*/virtualNetworks/v",
        f"{ANY}/net/providers/Microsoft.Authorization/roleAssignments/*",
        f"{ANY}/net/{NETWORKS}/[v]",
        f"{ANY}/net/{NETWORKS}/v/subnets/[a]",
        f"{ANY}/net/{NETWORKS}/v/providers/Microsoft.Authorization/roleAssignments/*",
    ],
)
def test_what_is_no_group_or_resource_cannot_be_expressed(text: str) -> None:
    with pytest.raises(InvalidId):
        parse_scope_pattern(text)


@pytest.mark.parametrize(
    ("pattern", "template", "may"),
    [
        (f"{ANY}/net-*", "/subscriptions/{subscriptionId}/resourceGroups/net-{name}", True),
        (f"{ANY}/net-*", "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}", True),
        (f"{ANY}/net-*", f"/subscriptions/{OTHER_SUB}/resourceGroups/net-a", True),
        (f"{ANY}/net-*", "/subscriptions/{subscriptionId}/resourceGroups/shared", False),
        (GROUP, "/subscriptions/{subscriptionId}/resourceGroups/NET-main", True),
        (GROUP, GROUP.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), True),
        (GROUP, GROUP.replace(SUB, OTHER_SUB), False),
        (GROUP.replace(SUB, LETTERS), GROUP.replace(SUB, LETTERS.upper()), True),
        (VNET, GROUP, False),
        (VNET, SUBNET, True),
        (VNET, SUBNET.replace("/v/", "/{name}/"), True),
        (VNET, SUBNET.replace("/v/", "/w/"), False),
    ],
)
def test_a_template_may_be_covered_unless_no_cluster_can_make_it_so(
    pattern: str, template: str, may: bool
) -> None:
    assert parse_scope_pattern(pattern).may_cover(template) is may


SEGMENTS = (
    "subscriptions", SUB, "*", "resourceGroups", "providers", "Microsoft.Network", "subnets",
    "virtualNetworks", "v", "..", "", "[a]", "\n", "net-*", "?et-main",
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_a_pattern_covers_as_its_text_reads(seed: int) -> None:
    """10,000 texts, a hundred from each number drawn: drawing every character takes minutes."""
    dice = Random(seed)  # noqa: S311
    for text in [made(dice) for _ in range(100)]:
        try:
            pattern = parse_scope_pattern(text)
        except InvalidId:
            continue
        globs = text.lower().split("/")[3:]
        assert globs[0] == "resourcegroups"
        assert len(globs) >= 2
        for scope in (GROUP, SUBNET, REGISTRY):
            segments = scope.lower().split("/")[3:]
            read = len(segments) >= len(globs) and all(
                re.fullmatch(translate(glob), segment)
                for glob, segment in zip(globs, segments, strict=False)
            )
            assert pattern.covers(parse_scope(scope), (SUB,)) == read


def made(dice: Random) -> str:
    """A pattern, or something like one."""
    parts = ["", "subscriptions", dice.choice(["*", SUB]), "resourceGroups", ""]
    parts[4] = "".join(dice.choices("net-main.*?", k=dice.randrange(9)))
    parts += dice.choice([[], [*NETWORKS.split("/"), dice.choice("v*?w")]])
    for _ in range(dice.randrange(3)):
        parts[dice.randrange(len(parts))] = dice.choice(SEGMENTS)
    return "/".join(parts)


@pytest.mark.parametrize(
    ("form", "others"), [("a{}a", "-_.()*?"), ("a{}", "-_()*?"), ("{}", "-_()*?")]
)
def test_a_pattern_of_a_name_has_the_characters_of_names_and_wildcards(
    form: str, others: str
) -> None:
    taken = {each for each in map(chr, range(256)) if is_pattern(f"{ANY}/{form.format(each)}")}
    assert taken == set(string.ascii_letters + string.digits + others)


def is_pattern(text: str) -> bool:
    try:
        parse_scope_pattern(text)
    except InvalidId:
        return False
    return True
