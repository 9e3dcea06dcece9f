"""Which HTTP function a path reaches, with which parameters."""

import pytest

from infra.functions_host.function_checks import HostFunction
from infra.functions_host.http_message import HttpRequest
from infra.functions_host.http_trigger import find_function

FUNCTIONS = [
    HostFunction("any", {"type": "httpTrigger", "route": "items/{id}"}, []),
    HostFunction("number", {"type": "httpTrigger", "route": "numbers/{id:int}"}, []),
    HostFunction("fixed", {"type": "httpTrigger", "route": "items/special"}, []),
    HostFunction("maybe", {"type": "httpTrigger", "route": "maybe/{x?}"}, []),
    HostFunction("rest", {"type": "httpTrigger", "route": "files/{*rest}"}, []),
    HostFunction("named", {"type": "httpTrigger"}, []),
    HostFunction("posted", {"type": "httpTrigger", "route": "posts", "methods": ["POST"]}, []),
    HostFunction("off", {"type": "httpTrigger", "route": "off"}, [], disabled=True),
]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/api/items/7", ("any", {"id": "7"})),
        ("/API/Items/special", ("fixed", {})),
        ("/api/numbers/7", ("number", {"id": "7"})),
        ("/api/numbers/x", None),
        ("/api/maybe", ("maybe", {})),
        ("/api/maybe/1", ("maybe", {"x": "1"})),
        ("/api/files/a/b.txt", ("rest", {"rest": "a/b.txt"})),
        ("/api/named", ("named", {})),
        ("/api/named/", ("named", {})),
        ("/api/posts", None),
        ("/api/off", None),
        ("/items/7", None),
        ("/api", None),
    ],
)
def test_a_path_reaches_its_function(path: str, found: tuple[str, dict[str, str]] | None) -> None:
    match = find_function(HttpRequest("GET", "", path, {}, {}, b""), "api", FUNCTIONS)
    assert (None if match is None else (match[0].name, match[1])) == found


def test_an_empty_prefix_leaves_the_bare_route() -> None:
    match = find_function(HttpRequest("GET", "", "/items/7", {}, {}, b""), "", FUNCTIONS)
    assert match is not None
    assert match[0].name == "any"
