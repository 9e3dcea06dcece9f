"""JSON of others is read leniently: nothing in it raises, and what is odd is noted by its path."""

import json
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import Found, Node, decode

CASED = {"Properties": {"agentPools": [{"vnetSubnetId": "a"}, {"VNETSUBNETID": "b"}]}}


def test_members_are_reached_by_name_in_any_case_and_know_their_path() -> None:
    pools = Node(CASED).at("properties", "AGENTPOOLS")
    assert [list(pool.found("vnetSubnetID")) for pool in pools.each()] == [
        [Found("a", "Properties.agentPools[0].vnetSubnetId")],
        [Found("b", "Properties.agentPools[1].VNETSUBNETID")],
    ]
    assert Node(CASED).at("properties", "agentPools").path == "Properties.agentPools"


def test_the_exact_name_goes_before_others_in_another_case() -> None:
    both = Node({"Name": "other", "name": "exact", "NAME": "third"})
    assert both.text("name") == "exact"
    assert Node({"Name": "first", "NAME": "second"}).text("name") == "first"


@pytest.mark.parametrize("value", [None, {}, {"a": None}, {"b": 1}])
def test_what_is_missing_or_null_is_empty_and_no_fault(value: Any) -> None:
    node = Node(value)
    assert not node.at("a")
    assert node.at("a", "b", "c").path == "a.b.c"
    assert node.text("a", "b") == ""
    assert node.flag("a") is False
    assert not [*node.found("a"), *node.at("a").each(), *node.at("a").members()]
    assert node.faults == {}


@pytest.mark.parametrize(
    ("value", "true"),
    [
        (True, True),
        ("true", True),
        ("TRUE", True),
        (False, False),
        ("false", False),
        ("yes", False),
        ("", False),
        (None, False),
    ],
)
def test_flags_are_booleans_or_texts(value: Any, true: bool) -> None:
    node = Node({"on": value})
    assert node.flag("on") is true
    assert node.faults == {}


@pytest.mark.parametrize(
    ("value", "word", "says"),
    [("Auto", "auto", True), ("auto", "AUTO", True), ("autos", "auto", False), (None, "", True)],
)
def test_words_are_compared_without_case(value: Any, word: str, says: bool) -> None:
    assert Node({"mode": value}).says(word, "mode") is says


def test_a_value_of_the_wrong_type_is_passed_over_and_noted() -> None:
    odd = Node({"text": 1, "list": {}, "object": [], "flag": 2, "deep": {"a": "text"}})
    assert odd.text("text") == ""
    assert list(odd.found("text")) == []
    assert list(odd.at("list").each()) == []
    assert list(odd.at("object").members()) == []
    assert odd.flag("flag") is False
    assert odd.text("deep", "a", "b") == ""
    assert odd.faults == {
        "text": "is not a text",
        "list": "is not a list",
        "object": "is not an object",
        "flag": "is not a boolean",
        "deep.a": "is not an object",
    }


@pytest.mark.parametrize("number", [0, 1])
def test_a_number_is_no_boolean(number: int) -> None:
    node = Node({"on": number})
    assert node.flag("on") is False
    assert node.faults == {"on": "is not a boolean"}


def test_the_first_fault_of_a_value_is_kept() -> None:
    node = Node({"a": 1})
    node.at("a").fault("first")
    node.text("a")
    assert node.faults == {"a": "first"}


def test_one_odd_member_harms_no_other() -> None:
    pools = Node({"pools": [3, {"subnet": "a"}, {"subnet": []}, {"subnet": "b"}]})
    found = [found.text for pool in pools.at("pools").each() for found in pool.found("subnet")]
    assert found == ["a", "b"]
    assert pools.faults == {"pools[0]": "is not an object", "pools[2].subnet": "is not a text"}


def test_lists_and_objects_are_read_to_the_hundredth_item() -> None:
    """What is kept of a cluster fits one row of a table, however long its JSON is."""
    full = Node({"list": [*range(100)], "object": {str(n): n for n in range(100)}})
    assert [node.value for node in full.at("list").each()] == [*range(100)]
    assert [node.value for _, node in full.at("object").members()] == [*range(100)]
    assert full.faults == {}
    long = Node({"list": [*range(101)], "object": {str(n): n for n in range(101)}})
    assert [node.value for node in long.at("list").each()] == [*range(100)]
    assert [node.value for _, node in long.at("object").members()] == [*range(100)]
    why = "has more than 100 items, the rest of which are not read"
    assert long.faults == {"list": why, "object": why}
    assert long.at("object").text("100") == ""  # a member asked for by name is always found
    assert long.faults["object.100"] == "is not a text"


def test_an_empty_value_is_there_all_the_same() -> None:
    assert Node("") and Node({}) and Node(False) and Node(0)
    assert not Node(None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/subscriptions/x/é", "/subscriptions/x/é"),
        ("two\nlines", r"'two\nlines'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("a" * 200, "a" * 200),
        ("a" * 201, "'" + "a" * 199),
        ("é" * 201, ("'" + r"\xe9" * 200)[:200]),
    ],
)
def test_names_of_others_are_shown_in_one_line(name: str, shown: str) -> None:
    node = Node({"tags": {name: 1}})
    for _, member in node.at("tags").members():
        member.text()
    assert node.faults == {f"tags.{shown}": "is not a text"}


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"3", b"null", b'"x"', b"{", b'{"a": "\xff"}', b'{"a": ' + b"[" * 100_000]
)
def test_what_is_no_object_in_json_is_an_error(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)


def test_what_was_left_undecoded_is_decoded() -> None:
    page = msgspec.json.decode(b'[{"a": "b"}]', type=list[msgspec.Raw])
    assert decode(page[0]).text("a") == "b"


NAMES = ["a", "A", "text", "", "\n", "\x00", "\u017f", "\u212a", "[0]", "é" * 300]
LEAVES = [None, True, 0, -1.5, 10**40, "", "true", "text", "\n", "é", "😀" * 300]
WRAPPINGS = ["", "list", "a", "A", "\n", "\u0131", "é" * 300]
VALUES = st.recursive(
    st.sampled_from(LEAVES) | st.text(max_size=3),
    lambda below: st.lists(below) | st.dictionaries(st.sampled_from(NAMES) | st.text(), below),
)


def wrapped(value: Any, wrapping: str) -> Any:
    """The value in a list, or under a name that has a sister in another case."""
    if wrapping == "list":
        return [value, None, value]
    return {wrapping: value, "a": 1, wrapping.upper(): value} if wrapping else value


WHAT = {f"is not {kind}" for kind in ("a text", "a list", "an object", "a boolean")}


def read_all(node: Node, name: str) -> None:
    """Read a node by every method there is."""
    for each in (node, node.at(name), node.at(name, "a")):
        each.text()
        each.flag()
        each.says("a", name)
        list(each.found(name))
        for item in each.each():
            item.text(name)
        for _, member in each.members():
            member.flag(name)


def assert_readable(value: Any, name: str) -> None:
    node = Node({name: value})
    read_all(node, name)
    read_all(node.at(name), "a")
    assert set(node.faults.values()) <= WHAT
    assert all(path.isprintable() for path in node.faults)


def test_no_value_under_any_name_raises() -> None:
    examples = 0
    for leaf, inner, outer, name in product(LEAVES, WRAPPINGS, WRAPPINGS, NAMES):
        for value in (wrapped(wrapped(leaf, inner), outer), wrapped([inner, leaf], outer)):
            assert_readable(value, name)
            examples += 1
    assert examples > 10_000


@given(VALUES, st.sampled_from(NAMES) | st.text())
def test_no_value_raises_however_it_is_made(value: Any, name: str) -> None:
    assert_readable(value, name)


@given(VALUES)
def test_what_is_decoded_is_what_was_encoded(value: Any) -> None:
    assert decode(json.dumps({"a": value}).encode()).value == {"a": value}
