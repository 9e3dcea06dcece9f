"""docs/deploy.md is enough to deploy from: what it names is there, and nothing is missing."""

import re
from pathlib import Path

from grantkeeper.identity_checks import READS
from grantkeeper.storage_checks import QUEUES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "deploy.md"
TEXT = PAGE.read_text()


def cells(number: int) -> list[str]:
    """A column of all tables of the page."""
    rows = [line.split("|") for line in TEXT.splitlines() if line.startswith("| ")]
    return [row[number].strip() for row in rows]


def anchors(page: Path) -> set[str]:
    """The names that headings have on GitHub."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_page_has_every_parameter_of_the_template_and_no_other() -> None:
    params = re.findall(r"^param (\w+)", (ROOT / "infra/main.bicep").read_text(), re.MULTILINE)
    named = {name for cell in cells(1) for name in re.findall(r"`([a-z]\w+)`", cell)}
    assert named == set(params)


def test_what_the_page_asks_of_azd_is_an_output_of_the_template() -> None:
    outputs = re.findall(r"^output (\w+)", (ROOT / "infra/main.bicep").read_text(), re.MULTILINE)
    asked = set(re.findall(r"azd env get-value (\w+)", TEXT))
    assert asked
    assert asked - set(outputs) == {"AZURE_RESOURCE_GROUP"}  # which step 2 tells azd


def test_every_link_on_the_page_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        page = (PAGE.parent / name).resolve() if name else PAGE
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), target


def test_doctor_knows_the_queues_that_the_template_makes() -> None:
    storage = (ROOT / "infra/app/storage.bicep").read_text()
    made = re.search(r"var queues = \[(.*?)\]", storage, re.DOTALL)
    assert made
    assert set(re.findall("'([^']+)'", made[1])) == set(QUEUES)


def test_doctor_asks_for_no_right_to_read_that_is_not_documented() -> None:
    page = (ROOT / "docs/security.md").read_text()
    assert [each for each in READS if each not in page] == []
