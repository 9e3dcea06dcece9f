"""The house keeps its shape: imports go down, SDKs keep to their rooms, functions hide nothing.

Everything is read from the source with `ast`; nothing is imported.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("shared", "infra", "grantkeeper")

# The rooms an SDK, or a thing that must stay in one place, may be imported or called in.
ROOMS = {
    "azure.mgmt": {"shared/arm.py", "shared/bulk.py"},
    "azure.data.tables": {
        "shared/tables.py",
        "shared/store.py",
        "shared/ledger.py",
        "shared/passes.py",
        "shared/old_rows.py",
    },
    "azure.storage.blob": {"shared/dead_letters.py"},
    "azure.storage.queue": {"shared/queues.py"},
    "azure.eventgrid": {"shared/lifecycle.py"},
    "azure.identity": {"shared/wiring.py"},
    "azure.functions": {"function_app.py"},
}
ONE_CALLER = {
    "os.environ": "shared/settings.py",
    "os.getenv": "shared/settings.py",
    "datetime.now": "shared/wiring.py",
    "datetime.utcnow": "shared/wiring.py",
    "time.time": "shared/wiring.py",
}
VAGUE = {"utils", "util", "common", "base", "manager", "helpers", "helper", "misc"}
LONGEST = 300


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def product() -> list[Path]:
    return [ROOT / "function_app.py", *sources("shared")]


def name_of(path: Path) -> str:
    """`shared/arm.py` → `shared.arm`, `shared/__init__.py` → `shared`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Full names of what a file imports; of `from a import b` it is `a.b`."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join(filter(None, [*above, node.module or ""]))
            yield from (f"{start}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def floors() -> dict[str, int]:
    """Module → its floor in the docstring of shared/__init__.py; 0 is the top."""
    docstring = ast.get_docstring(tree(ROOT / "shared/__init__.py")) or ""
    lines = [line for line in docstring.splitlines() if re.match(r"\w+(, \w+)* {2,}", line)]
    return {
        module: floor
        for floor, line in enumerate(lines)
        for module in re.split(r" {2,}", line)[0].split(", ")
    }


def shared_imports(path: Path) -> set[str]:
    """The modules of `shared` that a file imports."""
    modules = {found.stem for found in sources("shared")}
    parts = [name.split(".") for name in imported(path) if is_in(name, "shared")]
    return {part[1] for part in parts if len(part) > 1 and part[1] in modules}


def test_every_module_of_shared_has_its_floor_and_only_those() -> None:
    assert set(floors()) == {path.stem for path in sources("shared")} - {"__init__"}


@pytest.mark.parametrize("path", sources("shared"), ids=name_of)
def test_imports_in_shared_never_go_up(path: Path) -> None:
    floor = floors().get(path.stem, -1)
    above = {module for module in shared_imports(path) if floors()[module] < floor}
    assert above == set()


def test_shared_has_no_import_cycle() -> None:
    below = {path.stem: shared_imports(path) for path in sources("shared")}
    while free := {module for module, needs in below.items() if not needs & set(below)}:
        below = {module: needs for module, needs in below.items() if module not in free}
    assert below == {}


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("infra", ("shared", "grantkeeper", "function_app", "tests")),
        ("shared", ("infra", "grantkeeper", "function_app", "tests")),
        ("grantkeeper", ("infra", "function_app", "tests")),
    ],
)
def test_houses_import_only_what_they_may(folder: str, forbidden: tuple[str, ...]) -> None:
    found = {
        f"{name_of(path)} imports {name}"
        for path in sources(folder)
        for name in imported(path)
        for house in forbidden
        if is_in(name, house)
    }
    assert found == set()


def test_the_function_app_imports_nothing_of_ours_but_the_wiring() -> None:
    ours = {name for name in imported(ROOT / "function_app.py") if name.split(".")[0] in OURS}
    assert ours == {"shared.wiring", "shared.wiring.Application"}


@pytest.mark.parametrize(("sdk", "rooms"), ROOMS.items())
def test_each_sdk_keeps_to_its_rooms(sdk: str, rooms: set[str]) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in product()
        for name in imported(path)
        if is_in(name, sdk)
    }
    assert found == rooms


@pytest.mark.parametrize(("name", "place"), ONE_CALLER.items())
def test_environment_and_clock_are_read_in_one_place(name: str, place: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in product()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == name
    }
    assert found <= {place}


def test_no_import_hides_in_a_function_but_the_one_lazy_import() -> None:
    hidden = [
        f"{name_of(path)}: {ast.unparse(inner)}"
        for path in [*product(), *sources("infra", "grantkeeper", "tests")]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == ["function_app: from shared import wiring"]


def test_modules_are_named_for_their_subject() -> None:
    files = [*product(), *sources("infra", "grantkeeper", "tests")]
    assert {path for path in files if path.stem in VAGUE} == set()


@pytest.mark.parametrize("path", [*product(), *sources("infra", "grantkeeper")], ids=name_of)
def test_every_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_files_stay_short() -> None:
    long = {
        name_of(path): length
        for path in product()
        if (length := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_nothing_happens_at_import() -> None:
    """At the top level of shared there are definitions and constants only: no bare calls."""
    calls = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources("shared")
        for node in tree(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert calls == []


def triggers() -> Iterator[dict[str, str]]:
    """The text arguments of each trigger decorator in function_app.py."""
    for node in ast.walk(tree(ROOT / "function_app.py")):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                assert isinstance(decorator, ast.Call)
                yield {
                    keyword.arg: keyword.value.value
                    for keyword in decorator.keywords
                    if keyword.arg
                    and isinstance(keyword.value, ast.Constant)
                    and isinstance(keyword.value.value, str)
                }


def test_the_host_accepts_the_argument_names() -> None:
    """An underscore in a binding's name is refused (azure-functions-host, binding names)."""
    assert [each["arg_name"] for each in triggers() if "_" in each["arg_name"]] == []


def test_the_doors_listen_to_the_queues_that_are_written_to() -> None:
    constants = {
        target.id: ast.literal_eval(node.value)
        for node in tree(ROOT / "shared/queues.py").body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names = {constants["REQUESTS"], constants["RECONCILE"], constants["EVENTS"]}
    listened = {each["queue_name"] for each in triggers() if "queue_name" in each}
    assert listened == names | {f"{name}-poison" for name in names}
    assert {each["connection"] for each in triggers() if "queue_name" in each} == {"Work"}


def test_queue_messages_come_as_bytes() -> None:
    """As text, a JSON object's members would overwrite the message's metadata
    (azure-functions-python-worker#1373)."""
    source = (ROOT / "function_app.py").read_text()
    assert source.count("data_type=func.DataType.BINARY") == source.count("@app.queue_trigger(")


def test_host_json_leaves_no_queue_option_to_a_default() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert host["version"] == "2.0"
    assert host["functionTimeout"]
    assert set(host["extensions"]["queues"]) == {
        "batchSize",
        "maxDequeueCount",
        "maxPollingInterval",
        "messageEncoding",
        "newBatchThreshold",
        "visibilityTimeout",
    }


def test_the_product_names_no_path_of_a_machine() -> None:
    found = [
        name_of(path)
        for path in [*product(), *sources("infra", "grantkeeper")]
        if re.search(r"(?<![\w.])/(?:work|home|tmp)/", path.read_text())
    ]
    assert found == []
