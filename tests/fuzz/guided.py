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
    from tests.fuzz.targets import SUBSCRIPTION, TARGETS
    from tests.hostile.texts import hostile


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Half of the time some bytes changed; otherwise a JSON document spoilt as a whole, and any
    other text with something else in it."""
    chance = random.Random(seed)  # noqa: S311 - libFuzzer's own seed
    if chance.random() < 0.5:
        changed: bytes = atheris.Mutate(data, most)
        return changed
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return spoiler(chance).document(document)[:most]
    text = hostile(data.decode(errors="replace"), SUBSCRIPTION, chance)
    return text.encode(errors="replace")[:most]


if __name__ == "__main__":
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name], custom_mutator=mutate)
    atheris.Fuzz()
