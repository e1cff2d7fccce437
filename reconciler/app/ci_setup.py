"""Which CI a new project gets, and the files of it, which lie at the repository's root."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CISetup:
    host: ForgeKind
    top: Path
    texts: dict[str, str]
    choice: InitChoice

    def shown(self, root: Path) -> tuple[str, ...]:
        """The files' paths as seen from the project."""
        return tuple(Path(os.path.relpath(self.top / name, root)).as_posix() for name in self.texts)


def choose(root: Path, *, branch: str, python: str, wanted: ForgeKind | None) -> CISetup:
    """What was asked for; else what fits the remote, unless something is in its place. UsageError when what was asked
    for cannot be written."""
    top = new_repository.top_of(root) or root
    folder = Path(os.path.relpath(root.resolve(), top.resolve())).as_posix()
    where = CIPlacement(branch=branch, folder="" if folder == "." else folder, python=python)
    host, why = (wanted, "--ci") if wanted is not None else _fitting(new_repository.remote_of(root))
    texts = ci_templates.files(host, where) if ci_templates.possible(where) else {}
    taken = new_repository.taken(top, texts)
    if wanted not in (None, ForgeKind.NONE) and (taken or not texts):
        what = f"{taken[0]} is there already" if taken else "branch or folder have a name that its files cannot hold"
        raise UsageError(f"--ci {host.value}: {what}", hint="--ci none leaves CI alone", code="E801")
    if taken:
        left = InitChoice(what="ci", chosen="left alone", why=f"{taken[0]} is there already")
        return CISetup(host=ForgeKind.NONE, top=top, texts={}, choice=left)
    if not texts:
        return CISetup(host=ForgeKind.NONE, top=top, texts={}, choice=InitChoice(what="ci", chosen="none", why=""))
    chosen = f"{'GitHub Actions' if host is ForgeKind.GITHUB else 'GitLab CI'}: plan, comment, apply on merge, drift"
    return CISetup(host=host, top=top, texts=texts, choice=InitChoice(what="ci", chosen=chosen, why=why))


def _fitting(remote: str | None) -> tuple[ForgeKind, str]:
    """GitLab's servers have many names; one of theirs says so, or is told with --ci."""
    if remote is not None and re.search(r"(^|[/@.])gitlab[.:]", remote.lower()):
        return ForgeKind.GITLAB, "the remote's name says GitLab; --ci names another"
    if remote is None:
        return ForgeKind.GITHUB, "there is no remote yet; --ci names another"
    if re.search(r"(^|[/@.])github[.:]", remote.lower()):
        return ForgeKind.GITHUB, "the remote's name says GitHub"
    return ForgeKind.NONE, ""
