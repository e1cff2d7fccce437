"""Choose the CI workflows of a new project, whose files lie at the repository's root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.git import new_repository
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.onboarding.init_result import InitChoice
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement

_INCLUDE = "add to .gitlab-ci.yml: include: [{{local: /{}}}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CISetup:
    """Workflows to write: their `texts` by path below the folder `top`."""

    host: ForgeKind
    top: Path
    texts: dict[str, str]
    choice: InitChoice

    def paths_from(self, root: Path) -> tuple[str, ...]:
        """Return the paths of the files, relative to `root`."""
        return tuple(Path(os.path.relpath(self.top / name, root)).as_posix() for name in self.texts)


def choose(root: Path, *, branch: str, python: str, wanted: ForgeKind | None) -> CISetup:
    """Choose the CI workflows of a project: the `wanted` ones, else those of the remote's forge.

    Files that exist already are left as they are, and no workflow is written. Raises UsageError E801 where the wanted
    ones cannot be written.
    """
    top = new_repository.top_of(root) or root
    folder = Path(os.path.relpath(root.resolve(), top.resolve())).as_posix()
    placement = CIPlacement(branch=branch, folder="" if folder == "." else folder, python=python)
    host, why = (wanted, "--ci") if wanted is not None else _forge_of(new_repository.remote_of(root))
    texts = ci_templates.files(host, placement) if ci_templates.possible(placement) else {}
    taken = new_repository.taken(top, texts)
    if taken and host is ForgeKind.GITLAB and placement.place:  # the file of another project, which includes ours
        (text,) = texts.values()
        texts = {ci_templates.included(placement): text}
        taken = new_repository.taken(top, texts)
        why = f"{why}; {_INCLUDE.format(next(iter(texts)))}"
    if wanted not in (None, ForgeKind.NONE) and (taken or not texts):
        problem = f"{taken[0]} is there already" if taken else "its files cannot hold the name of the branch or folder"
        raise UsageError(f"--ci {host.value}: {problem}", hint="--ci none writes no workflows", code="E801")
    if taken:
        unchanged = InitChoice(what="ci", chosen="skipped", why=f"{taken[0]} is there already")
        return CISetup(host=ForgeKind.NONE, top=top, texts={}, choice=unchanged)
    if not texts:
        return CISetup(host=ForgeKind.NONE, top=top, texts={}, choice=InitChoice(what="ci", chosen="none", why=""))
    chosen = f"{'GitHub Actions' if host is ForgeKind.GITHUB else 'GitLab CI'}: plan, comment, apply on merge, drift"
    return CISetup(host=host, top=top, texts=texts, choice=InitChoice(what="ci", chosen=chosen, why=why))


def _forge_of(remote: str | None) -> tuple[ForgeKind, str]:
    """Return the forge that fits a remote, and the reason. GitLab servers are known only by their name."""
    if remote is not None and re.search(r"(^|[/@.])gitlab[.:]", remote.lower()):
        return ForgeKind.GITLAB, "by the name of the git remote; --ci chooses another"
    if remote is None:
        return ForgeKind.GITHUB, "assumed, as there is no git remote; --ci chooses another"
    if re.search(r"(^|[/@.])github[.:]", remote.lower()):
        return ForgeKind.GITHUB, "by the name of the git remote"
    return ForgeKind.NONE, ""
