"""What is written beside the code: no address of a registry, no path of a machine, and YAML that parses."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTS = re.compile(r"files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|deb\.debian\.org")
PATHS = re.compile(r"(^|[^A-Za-z0-9_.-])/(work|root|home/\w+|Users/\w+)/", re.MULTILINE)


def tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True).stdout
    return [REPOSITORY / name.decode() for name in out.split(b"\0") if name]


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine() -> None:
    for path in tracked():
        if path == Path(__file__).resolve() or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        assert not HOSTS.search(text), f"{path.name} names a registry host"
        assert not PATHS.search(text), f"{path.name} names a path of a machine"


@pytest.mark.parametrize("path", [p for p in tracked() if p.suffix == ".md"], ids=lambda path: path.name)
def test_every_yaml_block_of_the_documents_parses(path: Path) -> None:
    for block in re.finditer(r"^(`{3,})ya?ml\n(.*?)^\1$", path.read_text(), re.DOTALL | re.MULTILINE):
        yaml.safe_load(block[2])


def test_every_decision_is_in_the_index() -> None:
    index = (REPOSITORY / "docs/adr/README.md").read_text()
    for path in (REPOSITORY / "docs/adr").glob("0*.md"):
        assert path.name in index, path.name


PAGES = [
    p
    for p in tracked()
    if p.suffix == ".md" and "tests" not in p.relative_to(REPOSITORY).parts and p.name != "template.md"
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("folder", ["environments", "manifests"])
def test_every_shipped_document_names_the_schema_that_an_editor_can_check_it_with(folder: str) -> None:
    found = sorted((REPOSITORY / folder).rglob("*.yaml"))
    assert found
    for path in found:
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), path.name
        assert (path.parent / first.partition("=")[2]).resolve().is_file(), path.name


def test_the_generated_pages_are_what_the_code_says() -> None:
    made = runpy.run_path(str(REPOSITORY / "docs/write_reference.py"))
    for page in made["PAGES"]:
        path = REPOSITORY / "docs/reference" / page
        assert path.read_text() == made["text_of"](page), f"{page} is stale: run python docs/write_reference.py"


def test_every_page_is_in_the_site_and_the_site_has_no_other() -> None:
    def pages(entries: list[object]) -> set[str]:
        found: set[str] = set()
        for entry in entries:
            (value,) = entry.values() if isinstance(entry, dict) else (entry,)
            found |= pages(value) if isinstance(value, list) else {str(value)}
        return found

    listed = pages(yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())["nav"])
    docs = REPOSITORY / "docs"
    there = {str(path.relative_to(docs)) for path in PAGES if path.is_relative_to(docs)}
    assert listed == {path for path in there if not path.startswith("adr/0")}
