"""Each fuzz target holds for a few hundred spoilt seeds; `make fuzz` tries millions."""

import json
import random

import pytest

from tests.fuzz.seeds import seeds, spoiler
from tests.fuzz.targets import TARGETS
from tests.hostile.texts import spoilt

INPUTS = 300


def inputs(target: str, chance: random.Random) -> list[bytes]:
    """The seeds, and what chance makes of them."""
    known = seeds()[target]
    return [*known, *(worse(chance.choice(known), chance) for _ in range(INPUTS))]


def worse(seed: bytes, chance: random.Random) -> bytes:
    """The seed with bytes changed, texts put in, or spoilt as the JSON it is."""
    kind = chance.randrange(3)
    if kind == 0:
        place = chance.randrange(len(seed))
        return seed[:place] + chance.randbytes(chance.randrange(1, 5)) + seed[place + 1 :]
    if kind == 1 and seed.startswith(b"{"):
        return spoiler(chance).document(json.loads(seed))
    return spoilt(seed.decode(), chance).encode(errors="surrogatepass")


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_spoilt_seeds(target: str) -> None:
    chance = random.Random(target)  # noqa: S311 - reproducible, nothing secret
    for data in inputs(target, chance):
        TARGETS[target](data)
