"""Messages damaged at random, and what may still be read from one."""

import re
from random import Random

SPOILERS = [
    "",
    '"',
    "{",
    "}",
    ":",
    ",",
    "\\",
    "\\u0000",
    "\0",
    "\u202e",
    "é",
    "..",
    "/",
    "%2e",
    "7",
    "null",
]


def damaged(text: str, dice: Random) -> str:
    """The text with a few characters swapped, doubled or lost."""
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(text))
        text = text[:place] + dice.choice(SPOILERS) + text[place + dice.randrange(3) :]
    return text


def clean(cluster_id: str) -> bool:
    """Whether the text is the path of something in a subscription, and of nothing else."""
    path = re.fullmatch(r"/subscriptions/[-0-9a-f]{36}/[-\w./()]+", cluster_id, re.ASCII)
    return bool(path) and "/../" not in cluster_id
