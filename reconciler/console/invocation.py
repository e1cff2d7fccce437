"""The options that every command shares, in one value, so that errors are reported in the chosen format, too."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from shlex import join, quote

from reconciler.report.layout.escaping import visible
from reconciler.report.layout.shell_commands import CommandForm


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def _here() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  (a text)
    except OSError:  # a folder that is gone
        return None


@dataclass(slots=True, kw_only=True)
class Invocation:
    """The options that all commands share; `revision` None: HEAD.

    `entered`: the folder of -C, and `started` the one before it; `project`: that of the project, once it is found;
    `typed`: which were given on the command line, not by the environment.
    """

    data_root: str | None = None
    form: OutputFormat = OutputFormat.TEXT
    revision: str | None = None
    working_tree: bool = False
    verbose: bool = False
    entered: str = ""
    started: str | None = field(default_factory=_here)
    project: Path | None = None
    typed: frozenset[str] = frozenset()

    @property
    def is_text(self) -> bool:
        """Return whether the result is for a person to read on a terminal."""
        return self.form is OutputFormat.TEXT

    def path_to(self, path: Path) -> str:
        """Return a path of the current folder as it is written from where the command was typed."""
        return os.path.normpath(os.path.join(self.entered, path))  # noqa: PTH118  (a text, also where nothing is)

    def command_form(self) -> CommandForm:
        """Return how further commands are typed where this one was: the same program, in the same folder."""
        entered = visible(self.path_to(Path())) if self.entered else ""
        entered = "" if entered == "." else entered
        words = ["-C", entered] if entered else []
        if self.data_root is not None and "data_root" in self.typed:
            words += ["--data-root", visible(self.data_root)]
        program = program_of(sys.orig_argv, sys.argv[:1], os.environ)
        return CommandForm(
            program=join(program),
            anywhere=join([self._from_anywhere(program[0]), *program[1:]]),
            options="".join(f" {quote(word)}" for word in words),
            entered=entered,
            repository=self._repository(entered),
        )

    def _from_anywhere(self, program: str) -> str:
        """Return the path of a program, which was typed from where the person stands, as one from any folder."""
        if "/" not in program or self.started is None:
            return program
        return os.path.normpath(os.path.join(self.started, program))  # noqa: PTH118

    def _repository(self, entered: str) -> str:
        """Return the way to the project's folder, "" for where the person stands; before it is found, that of -C."""
        try:
            way = None if self.project is None else os.path.relpath(self.project)
        except OSError:  # the current folder is gone
            way = None
        if way is None:
            return entered
        way = visible(self.path_to(Path(way)))
        return "" if way == "." else way


def program_of(typed: Sequence[str], script: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the words with which this program was started.

    `typed`: Python's own command line; `script`: what it runs.
    """
    for position, word in enumerate(typed[1:], start=1):
        if word == "-m" and typed[position + 1 : position + 2] == ["reconciler"]:
            return [visible(part) for part in typed[: position + 2]]
        if not word.startswith("-"):
            break
    if not script or Path(script[0]).name != "reconciler":
        return ["reconciler"]
    known = shutil.which("reconciler", path=environ.get("PATH"))
    if known is not None and os.path.realpath(known) == os.path.realpath(script[0]):
        return ["reconciler"]
    return [visible(script[0])]
