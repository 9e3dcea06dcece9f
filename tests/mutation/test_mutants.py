"""What `make mutants` changes in tables, and how it counts."""

import ast

from tests.mutation.score import Score, enough
from tests.mutation.tables import changes


def texts(source: str) -> list[str]:
    """The mutants of a module, as source."""
    return [ast.unparse(mutant) for _, mutant in changes(source)]


def test_each_entry_of_a_table_is_changed_and_left_out() -> None:
    assert texts("A = (1, 'b')") == [
        "A = ('b',)", "A = (1,)", "A = (2, 'b')", "A = (0, 'b')", "A = (1, 'bx')"
    ]  # fmt: skip


def test_rows_exchange_the_names_in_them() -> None:
    found = texts("ROWS = (Rule(a.one, 'x'), Rule(a.two, 'x'))")
    assert "ROWS = (Rule(a.two, 'x'), Rule(a.two, 'x'))" in found
    assert "ROWS = (Rule(a.one, 'x'), Rule(a.one, 'x'))" in found


def test_steps_of_a_pattern_are_taken_out_one_at_a_time() -> None:
    found = texts(r"P = re.compile('[-a]{0,9}\\.?')")
    assert {"[a]{0,9}", "[-a]{1,9}", "[-a]{0,10}"} <= {
        text.partition("'")[2].partition("\\")[0] for text in found
    }


def test_defaults_of_a_class_count_and_function_bodies_do_not() -> None:
    source = "class A:\n    most: int = 3\n\ndef f():\n    x = 1\n    return x"
    assert [mutant.splitlines()[1].strip() for mutant in texts(source)] == [
        "most: int = 4", "most: int = 2"
    ]  # fmt: skip


def test_types_are_left_alone() -> None:
    assert texts("Related = Callable[[int, str], tuple[str, ...]]\nx: tuple[int, str]") == []


def test_the_goal_is_for_the_total_and_for_the_strict_files() -> None:
    good, weak = Score(95, ["a"] * 5), Score(80, ["a"] * 20)
    assert enough({"wanted": good, "policy": good})
    assert not enough({"wanted": weak})
    assert enough({"wanted": weak, "policy": Score(1000)})
    assert not enough({"wanted": Score(1000), "policy": weak})
