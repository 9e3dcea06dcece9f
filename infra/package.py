"""Build what is deployed: `make package` makes a folder and a zip of it, ready to run as they are.
`azd deploy` builds it, too, and ships the folder (azure.yaml).

The function app is what .funcignore lets through. Its dependencies are those that requirements.txt
pins, for Linux on x86-64 with Python 3.11, at the place where Core Tools puts them, too. All of it
is compiled: byte code that goes by the time stamps of its sources is void as soon as a zip rounds
them or a mount sets them, and then each cold start compiles anew, so this byte code is marked as
not to be compared with its source (`unchecked-hash`, PEP 552). The same tree gives the same zip.

Of the folder azd leaves out what a .funcignore in it says, and where there is none, all byte code
(`createDeployableZip` in Azure/azure-dev, cli/azd/pkg/project/project_utils.go). So there is one,
which leaves out nothing; azd does not ship it, and the zip has none either: both are the same.
"""

import argparse
import compileall
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

from pathspec import GitIgnoreSpec

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".local" / "package"
DEPENDENCIES = Path(".python_packages/lib/site-packages")

_IGNORE = ".funcignore"
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_MEGABYTE = 1e6


def main() -> int:
    """Run the command of this process's arguments; its exit code."""
    arguments = parser().parse_args()
    folder = arguments.folder.resolve()
    try:
        build(ROOT, folder)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(f"package: {error}\n")
        return 1
    file = folder.with_suffix(".zip")
    pack(folder, file)
    sys.stdout.writelines(f"{line}\n" for line in sizes(folder, file))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m infra.package",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--folder", type=Path, default=FOLDER, help="made anew, and FOLDER.zip (%(default)s)")
    return command


def build(root: Path, folder: Path, *, mode: PycInvalidationMode | None = None) -> None:
    """Make `folder` anew: the app at `root`, its dependencies, and byte code of both, by default
    of the mode that ships. Raises CalledProcessError when pip fails."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in files(root):
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copy)
    install(root / "requirements.txt", folder / DEPENDENCIES)
    compile_all(folder, mode or PycInvalidationMode.UNCHECKED_HASH)
    ship_all(folder)


def files(root: Path) -> list[Path]:
    """What of the tree at `root` ships, relative to it and sorted: all that its .funcignore, in
    the syntax of .gitignore, does not exclude."""
    spec = GitIgnoreSpec.from_lines((root / _IGNORE).read_text().splitlines())
    return sorted(_shipped(root, root, spec))


def install(requirements: Path, folder: Path) -> None:
    """Put the pinned packages, of which none but wheels for the cloud's platform are taken."""
    platforms = (word for name in _PLATFORMS for word in ("--platform", name))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--target", str(folder), *platforms, "--python-version", "3.11"),
            *("--only-binary=:all:", "--no-deps", "--no-compile"),
            *("--requirement", str(requirements)),
        ],
        stdout=sys.stderr,
        check=True,
    )
    shutil.rmtree(folder / "bin", ignore_errors=True)  # commands for a shell


def compile_all(folder: Path, mode: PycInvalidationMode) -> None:
    """Compile every module. Paths in the byte code are relative to the folder: the importer puts
    in where it found it."""
    compileall.compile_dir(
        folder, quiet=2, force=True, invalidation_mode=mode, stripdir=folder, maxlevels=100
    )


def ship_all(folder: Path) -> None:
    """Have azd leave out nothing of the folder."""
    text = "# Everything here is needed. Without this file azd leaves out the byte code.\n"
    (folder / _IGNORE).write_text(text)


def pack(folder: Path, file: Path) -> None:
    """Zip the folder, without the times and owners of this machine."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in sorted(_contents(folder)):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _FIRST_MOMENT)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def sizes(folder: Path, file: Path) -> Iterator[str]:
    """A line for each part of the package, with its files and megabytes."""
    everything = list(_contents(folder))
    compiled = [each for each in everything if each.suffix == ".pyc"]
    sources = [each for each in everything if each.suffix != ".pyc"]
    inside = folder / DEPENDENCIES
    yield _line("function app", [each for each in sources if inside not in each.parents])
    yield _line("dependencies", [each for each in sources if inside in each.parents])
    yield _line("byte code", compiled)
    yield _line("zip", [file])
    yield f"{folder}\n{file}"


def _contents(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.name != _IGNORE)


def _shipped(root: Path, folder: Path, spec: GitIgnoreSpec) -> Iterator[Path]:
    """A folder that is excluded is not looked into: nothing in it can be let through again."""
    for path in folder.iterdir():
        relative = path.relative_to(root)
        if path.is_dir():
            if not spec.match_file(f"{relative.as_posix()}/"):
                yield from _shipped(root, path, spec)
        elif not spec.match_file(relative.as_posix()):
            yield relative


def _line(name: str, found: Iterable[Path]) -> str:
    listed = [each.stat().st_size for each in found]
    return f"{name:<14}{len(listed):>6} files {sum(listed) / _MEGABYTE:>7.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
