"""Fuzzing of everything that reads what others wrote.

    targets     what is called with each input, and what must hold of what comes out
    seeds       the inputs to begin with
    guided      one target under atheris, which looks for inputs that reach new code
    __main__    `make fuzz`: each target in a process of its own, with its rate

`make test` calls each target with a few hundred spoilt seeds (`test_targets.py`), without atheris.
"""
