"""Choose the CI workflows of a new project, whose files lie at the repository's root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.adapters.filesystem import project_files
from reconciler.adapters.git import repository_around
from reconciler.app.ci import program
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.onboarding.init_result import InitChoice
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement

INCLUDE = "add to .gitlab-ci.yml: include: [{{local: /{}}}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CISetup:
    """Workflows to write: their `texts` by path below the folder `top`.

    `installs`: the line of the lock by which jobs install this program, empty without workflows; `copies`: the wheel of
    that line, by its path in the project.
    """

    host: ForgeKind
    top: Path
    texts: dict[str, str]
    choices: tuple[InitChoice, ...]
    installs: str = ""
    copies: dict[str, Path] = field(default_factory=dict)

    def paths_from(self, root: Path) -> tuple[str, ...]:
        """Return the paths of the files, relative to `root`."""
        return tuple(path_from(root, self.top / name) for name in self.texts)


def choose(
    root: Path, *, branch: str, python: str, wanted: ForgeKind | None, install: str | None = None, pages: bool = False
) -> CISetup:
    """Choose the CI workflows of a project: the `wanted` ones, else those of the remote's forge.

    Files that exist already are left as they are, and no workflow is written. `install`: where jobs get this program
    from; `pages`: whether a job publishes sites. Raises UsageError E801 where the wanted ones cannot be written.
    """
    top, folder = place_in_repository(root)
    placement = CIPlacement(branch=branch, folder=folder, python=python, pages=pages)
    host, why = (wanted, "--ci") if wanted is not None else forge_of(repository_around.remote_of(root))
    texts = ci_templates.files(host, placement) if ci_templates.possible(placement) else {}
    taken = project_files.taken(top, texts)
    if taken and host is ForgeKind.GITLAB and placement.place:  # the file of another project, which includes ours
        (text,) = texts.values()
        texts = {ci_templates.included(placement): text}
        taken = project_files.taken(top, texts)
        why = f"{why}; {INCLUDE.format(next(iter(texts)))}"
    if wanted not in (None, ForgeKind.NONE) and (taken or not texts):
        problem = f"{taken[0]} is there already" if taken else "its files cannot hold the name of the branch or folder"
        raise UsageError(
            f"--ci {host.value}: {problem}",
            hint="--ci none writes no workflows; `reconciler ci` writes them later",
            code="E801",
        )
    if pages and (taken or not texts):
        raise UsageError(
            f"--pages: {f'{taken[0]} is there already' if taken else 'no workflow is written'}",
            hint="leave it out; `reconciler ci --pages` lets a workflow that is there publish the sites",
            code="E801",
        )
    if taken or not texts:
        nothing = InitChoice(
            what="ci", chosen="skipped" if taken else "none", why=f"{taken[0]} is there already" if taken else ""
        )
        return CISetup(host=ForgeKind.NONE, top=top, texts={}, choices=(nothing,))
    texts |= missing_once(top, host)
    named = "GitHub Actions" if host is ForgeKind.GITHUB else "GitLab CI"
    chosen = f"{named}: plan, comment, apply on merge, drift{', sites' * pages}"
    source = program.choose(install)
    installs = source.source.requirement((host.value,))
    return CISetup(
        host=host,
        top=top,
        texts=texts,
        choices=(
            InitChoice(what="ci", chosen=chosen, why=why),
            InitChoice(what="installs", chosen=installs, why=source.why),
        ),
        installs=installs,
        copies=source.copies(root),
    )


def place_in_repository(root: Path) -> tuple[Path, str]:
    """Return the root of the repository around a project, and the project's folder in it ("" for the root itself)."""
    top = repository_around.top_of(root) or root
    folder = Path(os.path.relpath(root.resolve(), top.resolve())).as_posix()
    return top, "" if folder == "." else folder


def path_from(root: Path, path: Path) -> str:
    """Return a path as it is typed in a project's folder."""
    return Path(os.path.relpath(path, root)).as_posix()


def missing_once(top: Path, host: ForgeKind) -> dict[str, str]:
    """Return what is written once for a repository, where it has none of it."""
    there = any(os.path.lexists(top / name) for name in ci_templates.DEPENDABOT)
    return {} if there else ci_templates.once(host)


def forge_of(remote: str | None) -> tuple[ForgeKind, str]:
    """Return the forge that fits a remote, and the reason. GitLab servers are known only by their name."""
    if remote is not None and re.search(r"(^|[/@.])gitlab[.:]", remote.lower()):
        return ForgeKind.GITLAB, "by the name of the git remote; --ci chooses another"
    if remote is None:
        return ForgeKind.GITHUB, "assumed, as there is no git remote; --ci chooses another"
    if re.search(r"(^|[/@.])github[.:]", remote.lower()):
        return ForgeKind.GITHUB, "by the name of the git remote"
    return ForgeKind.NONE, ""
