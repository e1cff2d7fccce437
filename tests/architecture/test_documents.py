"""What is written beside the code: no address of a registry, no path of a machine, and YAML that parses."""

from __future__ import annotations

import re
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
    for block in re.findall(r"```ya?ml\n(.*?)```", path.read_text(), re.DOTALL):
        yaml.safe_load(block)


def test_every_decision_is_in_the_index() -> None:
    index = (REPOSITORY / "docs/adr/README.md").read_text()
    for path in (REPOSITORY / "docs/adr").glob("0*.md"):
        assert path.name in index, path.name
