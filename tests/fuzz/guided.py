"""One target under atheris: `python -m tests.fuzz.guided TARGET [libFuzzer's options] CORPUS`.

libFuzzer ends the process itself: with 0 when all runs are done, with another code when it has
found something, which it has then saved.
"""

import json
import random
import sys

import atheris

with atheris.instrument_imports(include=["shared"]):
    from tests.fuzz.seeds import spoiler
    from tests.fuzz.targets import TARGETS


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """A JSON document spoilt as a whole half of the time, some bytes changed otherwise."""
    chance = random.Random(seed)  # noqa: S311 - libFuzzer's own seed
    if chance.random() < 0.5:
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict) and len(data) < most:
            return spoiler(chance).document(document)[:most]
    changed: bytes = atheris.Mutate(data, most)
    return changed


if __name__ == "__main__":
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name], custom_mutator=mutate)
    atheris.Fuzz()
