"""Write the files that run a project in CI, for GitHub Actions and for GitLab.

A job without rights plans the content of a request; the job that may comment treats its output as data. Actions are
pinned by commit. No text of a manifest is written into a command, and no name of an environment into a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.core.forge.detection import ForgeKind
from reconciler.core.forge.project_place import at_place, place_of
from reconciler.manifest.scaffold.ci_files import signed
from reconciler.manifest.scaffold.program_source import WHEELS

LOCK = "requirements.lock"
DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_FOLDER = Path(__file__).parent / "workflows"
_SIMPLE = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._/-]*")
_STEPS = re.compile(r"^ +@steps (request|merged) (hosted|own)@\n", re.MULTILINE)
_PART = re.compile(r"^@([A-Z]+)@\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CIPlacement:
    """The place of a project in its repository.

    `folder`: below the repository's root, "" for the root itself; `python`: its minor version; `lock`: the path of what
    jobs install, in the project; `pages`: whether a job publishes the sites of its environments.
    """

    branch: str
    folder: str
    python: str
    lock: str = LOCK
    pages: bool = False

    @property
    def place(self) -> str:
        """The place that the names of workflows, jobs and groups carry, empty at the repository's root."""
        return place_of(self.folder)

    def path(self, name: str) -> str:
        """Return the path, from the repository's root, of a file of the project."""
        return f"{self.folder}/{name}" if self.folder else name


def possible(where: CIPlacement) -> bool:
    """Return whether branch and paths can be written into these files unquoted, and lead nowhere else.

    They hold no quotes, blanks or patterns, and no step up.
    """
    texts = (where.branch, where.folder or ".", where.lock, where.python)
    return all(_SIMPLE.fullmatch(text) and ".." not in text.split("/") for text in texts)


def files(host: ForgeKind, where: CIPlacement) -> dict[str, str]:
    """Return path from the repository's root -> text, for a forge. Each text begins with its own digest."""
    match host:
        case ForgeKind.GITHUB:
            suffix = f"-{where.place}" if where.place else ""
            return {f".github/workflows/reconciler{suffix}.yml": signed(_filled(host, where))}
        case ForgeKind.GITLAB:
            return {".gitlab-ci.yml": signed(_filled(host, where))}
        case ForgeKind.NONE:
            return {}


def has_pages(text: str) -> bool:
    """Tell whether a workflow has the job that publishes the sites."""
    return re.search(r"(?m)^ *pages(@[^:\n]*)?:$", text) is not None


def once(host: ForgeKind) -> dict[str, str]:
    """Return what is written for a repository that has none yet, and never again: it is the repository's own."""
    return {DEPENDABOT[0]: _text("dependabot")} if host is ForgeKind.GITHUB else {}


def included(where: CIPlacement) -> str:
    """Return the path of GitLab's file for a project beside others, which `.gitlab-ci.yml` is to include."""
    return f".gitlab/reconciler-{where.place}.yml"


def _filled(host: ForgeKind, where: CIPlacement) -> str:
    parts = _parts(f"{host.value}_steps")

    def steps(line: re.Match[str]) -> str:
        of, runner = line[1], line[2]
        names = ["python", f"checkout-{of}", f"lock-{of}", f"install-{runner}"]
        if runner == "hosted":
            names = [*names[:3], f"cache-{of}", *names[3:], *(["keep-merged"] if of == "merged" else [])]
        return "".join(parts[name] for name in names)

    text = _text(host.value)
    if where.pages:
        text = re.sub(r"(?m)^(stages: \[.*)\]$", r"\1, pages]", text) + _text(f"{host.value}_pages")
    text = _STEPS.sub(steps, text)
    text = _PART.sub(lambda line: parts[line[1].lower()], text)
    for name, value in {
        "@BRANCH@": where.branch,
        "@FOLDER@": where.folder or ".",
        "@LOCK@": where.path(where.lock),
        "@WHEELS@": where.path(WHEELS),
        "@PYTHON@": where.python,
        "@AT@": at_place("", where.place),
        "@GROUP@": f"/{where.place}" if where.place else "",  # a resource group of GitLab has no @
    }.items():
        text = text.replace(name, value)
    return text


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.yml").read_text(encoding="utf-8")


@cache
def _parts(name: str) -> dict[str, str]:
    """Return the parts of a file, each of which begins with a line `#: name`."""
    found = re.split(r"^#: ([a-z-]+)\n", _text(name), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))
