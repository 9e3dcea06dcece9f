"""Mutation tests: does some unit test notice when a line of the product is wrong?

    functions      mutmut changes the bodies of functions (its settings: pyproject.toml)
    tables         what mutmut leaves alone: patterns and tables at the top of a module
    few_examples   a pytest plugin: property tests with few examples, the same ones each time
    score          what was noticed of what could have been, and whether that is enough
    work_tree      a copy of what the unit tests need; nothing is written elsewhere

`make mutants` runs both, and fails below 90 %. They are no part of `make test`.
"""
