"""Every name that is written to git, to a forge or to CI, of two projects in one repository: none is shared.

A project at the repository's root keeps the names it always had. Comments, statuses and issues: see
`core/forge/test_project_place.py`; anchors: `engine/inspect/test_journal_checkpoint.py`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.app import locations
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement
from tests.conftest import REPOSITORY

FOLDERS = ("", "teams/a", "teams/b", "teams-a")
PROPOSE = REPOSITORY / "reconciler/engine/promotion"


def github(folder: str) -> tuple[str, dict[Any, Any]]:
    placement = CIPlacement(branch="main", folder=folder, python="3.11")
    ((path, text),) = ci_templates.files(ForgeKind.GITHUB, placement).items()
    return path, yaml.safe_load(text)


def gitlab(folder: str) -> dict[str, Any]:
    placement = CIPlacement(branch="main", folder=folder, python="3.11")
    (text,) = ci_templates.files(ForgeKind.GITLAB, placement).values()
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def names_of_github(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, name): the file, the workflow (its runs cancel each other by it), job names (checks), groups."""
    path, document = github(folder)
    yield "file", path
    yield "workflow", document["name"]
    for job in document["jobs"].values():
        yield "check", job["name"]
        if "concurrency" in job:
            yield "group", job["concurrency"]["group"]


def names_of_gitlab(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, name): jobs, which merge where two files are included, and resource groups."""
    document = gitlab(folder)
    for name, job in document.items():
        if name not in ("stages", "default", "variables", "workflow"):
            yield "job", name
            if "resource_group" in job:
                yield "group", job["resource_group"]


def names_of_branches(folder: str) -> Iterator[tuple[str, str]]:
    place = CIPlacement(branch="main", folder=folder, python="3.11").place
    yield "branch", branch_name("promote", "production", place, "m", "1a2b3c4d5e6f")
    yield "branch", branch_name("revert", "production", place, "1a2b3c4d5e6f")
    yield "title", f"Promote m to {at_place('production', place)}"


def names_of_caches(folder: str) -> Iterator[tuple[str, str]]:
    yield "cache", locations.key_of(Path("/repository") / folder)


WRITTEN = [names_of_github, names_of_gitlab, names_of_branches, names_of_caches]


@pytest.mark.parametrize("names", WRITTEN)
@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(FOLDERS, 2)))
def test_two_projects_share_no_name(names: Any, one: str, two: str) -> None:
    first, second = set(names(one)), set(names(two))
    assert first
    assert not first & second


def test_a_project_at_the_root_keeps_its_names() -> None:
    assert dict(names_of_github("")) == {
        "file": ".github/workflows/reconciler.yml",
        "workflow": "reconciler",
        "check": "Look for drift",
        "group": "reconciler-drift",
    }
    assert ("group", "reconciler-apply-${{ matrix.environment }}") in set(names_of_github(""))
    assert {name for kind, name in names_of_gitlab("") if kind == "job"} == {
        *(".requests", ".deploys", "plan", "comment", "train", "deploy", "propose", "monitor", "drift")
    }
    assert ("group", "reconciler-production") in set(names_of_gitlab(""))
    assert branch_name("promote", "production", "", "m", "1a2b") == "promote/production/m/1a2b"


def test_every_branch_that_is_proposed_has_its_name_from_one_function() -> None:
    named: list[str] = []
    for path in sorted(PROPOSE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["branch"]:
                assert ast.unparse(node.value).startswith(("branch_name(", "proposed.branch")), path.name
                named.append(path.name)
    assert named == ["apply_on_merge.py", "open_pull_request.py", "open_pull_request.py", "override.py"]
