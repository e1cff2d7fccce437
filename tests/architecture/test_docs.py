"""What is written beside the code: no address of a registry, no path of a machine, and YAML that parses."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
import yaml

from hatch_build import for_index
from tests.support.each import hold_for_each

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


def test_every_yaml_block_of_the_documents_parses() -> None:
    def check(path: Path) -> None:
        for block in re.finditer(r"^(`{3,})ya?ml\n(.*?)^\1$", path.read_text(), re.DOTALL | re.MULTILINE):
            yaml.safe_load(block[2])

    hold_for_each(check, (path for path in tracked() if path.suffix == ".md"))


def test_what_a_package_index_shows_has_no_link_and_no_picture_that_is_dead_there() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    shown = for_index(readme)
    assert re.search(r"\]\((?!https?:|#)", readme), "else there is nothing to be left out"
    assert not re.search(r"\]\(\s*(?!https?:|#)", shown)
    for words in ("start by what you do", "the tutorial", "## Commands"):
        assert words in shown


def test_every_decision_is_in_the_index() -> None:
    index = (REPOSITORY / "docs/adr/README.md").read_text()
    for path in (REPOSITORY / "docs/adr").glob("0*.md"):
        assert path.name in index, path.name


PAGES = [
    p
    for p in tracked()
    if p.suffix == ".md" and "tests" not in p.relative_to(REPOSITORY).parts and p.name != "template.md"
]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them: lower case, no punctuation, - for a space."""
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    found: list[str] = re.findall(r'<a (?:id|name)="([^"]+)"', text)
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text, re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return set(found)


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    def check(path: Path) -> None:
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?[^)]*\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            page = path.parent / target if target else path
            assert page.exists(), f"{path.name} links to {target}"
            if anchor and page.suffix == ".md":
                assert anchor in anchors(page), f"{path.name} links to {page.name}#{anchor}, which is no heading there"

    hold_for_each(check, PAGES)


@pytest.mark.parametrize("path", [p for p in PAGES if p.parts[-2] != "adr" and p.name != "CHANGELOG.md"], ids=str)
def test_every_command_that_a_page_names_exists_with_its_options(path: Path) -> None:
    from reconciler.cli.command_group import COMMANDS, reconciler

    context = click.Context(reconciler)
    for line in re.findall(r"`(reconciler [^`]+)`|^\$ (reconciler .+)$", path.read_text(), re.MULTILINE):
        words = "".join(line).replace("\\|", " ").split("#")[0].split()
        name = next((word for word in words[1:] if re.fullmatch(r"[a-z]+", word)), None)
        if name is None or words[1].startswith("--") or name not in (*COMMANDS, words[1]):
            continue
        assert name in COMMANDS, f"{path.name}: {' '.join(words)}"
        command = reconciler.get_command(context, name)
        assert command is not None
        known = {
            option
            for one in (command, reconciler)
            for param in one.params
            for option in (*param.opts, *param.secondary_opts)
        }
        if isinstance(command, click.Group):
            inner = [command.get_command(context, part) for part in command.list_commands(context)]
            known |= {option for part in inner if part for param in part.params for option in param.opts}
        known |= {"--help", "-h"}
        for word in words[words.index(name) + 1 :]:
            if re.fullmatch(r"--[a-z][a-z-]*(=.*)?", word):
                assert word.partition("=")[0] in known, f"{path.name}: {' '.join(words)}: no option {word}"


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


def test_the_pictures_are_what_the_reports_draw_today_and_small() -> None:
    made = runpy.run_path(str(REPOSITORY / "docs/write_images.py"))
    folder = REPOSITORY / "docs/images"
    assert {path.name for path in folder.glob("*.svg")} == set(made["PICTURES"])
    for name, draw in made["PICTURES"].items():
        text = (folder / name).read_text()
        assert text == draw(), f"{name} is stale: run python docs/write_images.py"
        assert len(text) < 150_000
        ElementTree.fromstring(text)  # noqa: S314  (our own file)
        assert any(f"images/{name}" in page.read_text() for page in PAGES), f"no page shows {name}"


def test_every_picture_is_told_in_words() -> None:
    for page in PAGES:
        for words in re.findall(r"!\[([^]]*)\]\(", page.read_text()):
            assert len(words) > 20, f"{page.name}: a picture without words: {words!r}"


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
