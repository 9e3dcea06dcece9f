"""A pytest plugin: property tests with few examples, the same ones each time.

A mutant is met by every example of a test, and there are hundreds of mutants.
"""

from typing import Any

import pytest
from hypothesis import Phase, settings

_EXAMPLES = 15
_PHASES = (Phase.explicit, Phase.generate)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn every property test down; how many examples a test asks for does not count here."""
    for item in items:
        test: Any = getattr(item, "obj", None)
        if getattr(test, "is_hypothesis_test", False):
            test._hypothesis_internal_use_settings = settings(
                test._hypothesis_internal_use_settings,
                max_examples=_EXAMPLES,
                phases=_PHASES,
                derandomize=True,
                database=None,
                deadline=None,
            )
