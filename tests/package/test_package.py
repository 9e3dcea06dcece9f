"""What is deployed is what runs, and it runs whatever a deployment does to the times of files."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest
from pathspec import GitIgnoreSpec

from infra import package

RUNS = ("function_app.py", "host.json", "policy.yaml", "requirements.txt")
LATER = 2_000_000_000  # seconds since 1970


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A module, compiled as the package's are."""
    folder = tmp_path / "tree"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "module.py").write_text("WORD = 'compiled'\n")
    package.compile_all(folder, PycInvalidationMode.UNCHECKED_HASH)
    return folder


def test_only_what_runs_ships() -> None:
    shared = (path.relative_to(package.ROOT) for path in package.ROOT.glob("shared/*.py"))
    assert package.files(package.ROOT) == sorted([*map(Path, RUNS), *shared])


def test_an_excluded_folder_is_excluded_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / ".funcignore").write_text(".funcignore\nsecrets\n!secrets/kept.py\n*.md\n")
    for name in ("secrets/kept.py", "inner/secrets/key.pem", "inner/a.md", "inner/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert package.files(tmp_path) == [Path("inner/a.py")]


def test_byte_code_holds_whatever_the_times_of_its_sources(tree: Path) -> None:
    """The source is changed to see which of the two was run."""
    source = tree / "inner" / "module.py"
    source.write_text("WORD = 'compiled anew'\n")
    os.utime(source, (LATER, LATER))
    ran = subprocess.run(
        [sys.executable, "-c", "from inner import module; print(module.WORD, module.__file__)"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["compiled", str(source)]


def test_byte_code_says_nothing_of_the_machine_it_was_made_on(tree: Path) -> None:
    (compiled,) = tree.rglob("*.pyc")
    assert str(tree).encode() not in compiled.read_bytes()


def test_the_same_tree_makes_the_same_zip(tree: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    package.pack(tree, first)
    for path in tree.rglob("*"):
        os.utime(path, (LATER, LATER))
    package.pack(tree, second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as packed:
        assert "inner/module.py" in packed.namelist()


def test_azd_ships_what_the_zip_has_byte_code_and_all(tree: Path, tmp_path: Path) -> None:
    package.ship_all(tree)
    file = tmp_path / "tree.zip"
    package.pack(tree, file)
    ignored = GitIgnoreSpec.from_lines((tree / ".funcignore").read_text().splitlines())
    there = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    with zipfile.ZipFile(file) as packed:
        assert set(packed.namelist()) == there - {".funcignore"}
        assert [name for name in packed.namelist() if ignored.match_file(name)] == []
        assert any(name.endswith(".pyc") for name in packed.namelist())


def test_the_sizes_of_the_parts_are_told(tree: Path, tmp_path: Path) -> None:
    file = tmp_path / "tree.zip"
    package.pack(tree, file)
    told = "\n".join(package.sizes(tree, file))
    for part in (
        "function app       1 files",
        "dependencies       0",
        "byte code          1",
        "zip",
    ):
        assert part in told
