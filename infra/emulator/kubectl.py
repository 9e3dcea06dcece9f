"""A line of shell, as far as run commands of this project go: its kubectl calls, in their order.

Loops run once, since what they wait for happens at once here, and what is not kubectl does nothing.
The line's `trap … EXIT` comes last, unless the line is cut off.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

_ENDS = frozenset({";", ";;", "|", "||", "&", "&&", "(", ")", "do", "done", ">", "<"})


@dataclass(frozen=True)
class Call:
    """`kubectl VERB NOUN --flag value …`; `stdin` is the text that was piped into it."""

    verb: str
    noun: str = ""
    flags: dict[str, str] = field(default_factory=dict)
    stdin: str = ""


@dataclass(frozen=True)
class Line:
    """The calls of a line, and those of its trap."""

    calls: tuple[Call, ...]
    trapped: tuple[Call, ...] = ()

    def cut_after(self, steps: int) -> Line:
        """The line of which no more than so many calls were made: its shell was killed."""
        return Line(self.calls[:steps])


def parse(text: str) -> Line:
    """ValueError when the quotes of the text do not match."""
    words = _words(text)
    trapped = tuple(
        call
        for position, word in enumerate(words[:-2])
        if word == "trap" and words[position + 2] == "EXIT"
        for call in _calls(_words(words[position + 1]))
    )
    return Line(tuple(_calls(words)), trapped)


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _calls(words: list[str]) -> list[Call]:
    found: list[Call] = []
    piped = ""
    for position, word in enumerate(words):
        if word.startswith("{") and words[position + 1 : position + 2] == ["|"]:
            piped = word
        if word == "kubectl":
            found.append(_call(words[position + 1 :], piped))
            piped = ""
    return found


def _call(words: list[str], stdin: str) -> Call:
    end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
    plain: list[str] = []
    flags: dict[str, str] = {}
    rest = iter(words[:end])
    for word in rest:
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            flags[name.lstrip("-")] = value
        elif word in {"--all-namespaces", "--ignore-not-found", "-A"}:
            flags[word.lstrip("-")] = "true"
        elif word.startswith("-"):
            flags[word.lstrip("-")] = next(rest, "")
        else:
            plain.append(word)
    verb, noun = [*plain, "", ""][:2]
    return Call(verb, noun, flags, stdin)
