"""`make fuzz`: each target in a process of its own, with its rate; an input that breaks one is kept
under `.local/fuzz` and ends the run with exit code 1."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

FOLDER = Path(__file__).resolve().parent.parent.parent / ".local" / "fuzz"
LONGEST = 20_000  # bytes of an input


def fuzz(target: str, runs: int) -> bool:
    """Run one target so often; whether nothing was found."""
    folder = FOLDER / target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[target]):
        (corpus / f"seed{number}").write_bytes(seed)
    options = [f"-runs={runs}", f"-max_len={LONGEST}", "-verbosity=0", "-timeout=10"]
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", target, *options,
         f"-artifact_prefix={folder}/", str(corpus)],
        check=False,
    )  # fmt: skip
    seconds = time.monotonic() - begun
    verdict = "nothing found" if ended.returncode == 0 else f"FOUND: see {folder}"
    sys.stdout.write(f"{target:8} {runs:>9} runs {runs / seconds:>8.0f} a second  {verdict}\n")
    sys.stdout.flush()
    return ended.returncode == 0


def main() -> int:
    """Parse the options and run; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, action="append", help="default: each")
    parser.add_argument("--runs", type=int, default=100_000, help="of each target")
    options = parser.parse_args()
    found = [each for each in options.target or TARGETS if not fuzz(each, options.runs)]
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
