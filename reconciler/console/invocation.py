"""The options that every command shares, in one value, so that errors are reported in the chosen format, too."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(slots=True, kw_only=True)
class Invocation:
    """The options that all commands share; `revision` None: HEAD. `entered`: the folder of -C."""

    data_root: str | None = None
    form: OutputFormat = OutputFormat.TEXT
    revision: str | None = None
    working_tree: bool = False
    verbose: bool = False
    entered: str = ""

    @property
    def is_text(self) -> bool:
        """Return whether the result is for a person to read on a terminal."""
        return self.form is OutputFormat.TEXT

    def path_to(self, path: Path) -> str:
        """Return a path of the current folder as it is written from where the command was typed."""
        return os.path.normpath(os.path.join(self.entered, path))  # noqa: PTH118  (a text, also where nothing is)
