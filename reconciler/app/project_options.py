"""Options of opening a project: its folder, the commit, the progress sink; for commands, notebooks and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.ports import Progress


class SilentProgress:
    """Progress that is shown to nobody. Implements ports.Progress."""

    def expect(self, subjects: int) -> None:
        del subjects

    def start(self, subject: str, what: str) -> None:
        del subject, what

    def done(self, subject: str, result: str) -> None:
        del subject, result

    def leave(self, subject: str) -> None:
        del subject


SILENT = SilentProgress()


def say_nothing(line: str) -> None:
    """Drop a message for people."""
    del line


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """The project to open, the manifests to read, and who is told.

    `root` is the folder of reconciler.yaml (`locations.project` finds it). Manifests are those of the commit `revision`
    (None: HEAD), or, with `working_tree`, those on disk. Paths of tables start at `data_root` (None: at `root`).
    `say` is given each warning as one line of text, with `verbose` also which commit is read; `progress` is told the
    steps of long work. `predicts`: what is deployed is used, and nothing else: what masks leave of the recipes that a
    sandbox would train is no matter.
    """

    root: Path
    revision: str | None = None
    working_tree: bool = False
    data_root: str | None = None
    verbose: bool = False
    predicts: bool = False
    say: Callable[[str], None] = say_nothing
    progress: Progress = SILENT

    @property
    def at_head(self) -> bool:
        """Return whether the manifests are those of HEAD."""
        return self.revision is None and not self.working_tree
