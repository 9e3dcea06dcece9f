"""Environment files say the same to a POSIX shell and to Python."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.stack import env_file

AWKWARD = {
    "PLAIN": "https://localhost:1",
    "EMPTY": "",
    "QUOTES": """it's "quoted" 'twice'""",
    "SHELL": "$(touch /tmp/x) `id` ${HOME} \\ * ; & | # !",
    "CONNECTION": "DefaultEndpointsProtocol=http;AccountKey=a+b/c==;",
    "LINES": "first\nsecond",
}


def test_a_shell_that_sources_the_file_gets_the_values_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "env"
    env_file.write(file, AWKWARD)
    for name, value in AWKWARD.items():
        script = f'. "$1" && printf %s "${name}"'
        shell = subprocess.run(
            ["sh", "-c", script, "sh", str(file)], capture_output=True, check=True, env={}
        )
        assert shell.stdout.decode() == value


def test_reading_gives_back_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "env"
    env_file.write(file, AWKWARD)
    assert env_file.read(file) == AWKWARD


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
def test_any_text_survives_quoting(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.getbasetemp() / "quoted-env"
    env_file.write(file, {"VALUE": value})
    assert env_file.read(file) == {"VALUE": value}


def test_only_the_owner_may_read_the_file_even_if_others_could_before(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.touch(mode=0o644)
    env_file.write(file, {"SECRET": "value"})
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_name_that_a_shell_cannot_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a name"):
        env_file.write(tmp_path / "env", {"A B": ""})


def test_commands_in_a_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# a comment\nKEY='value'\nrm -rf nothing\n")
    with pytest.raises(ValueError, match="expected KEY='value'"):
        env_file.read(file)
