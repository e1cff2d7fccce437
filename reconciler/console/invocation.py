"""The options that every command shares, in one value, so that errors are reported in the chosen format, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(slots=True, kw_only=True)
class Invocation:
    """The options that all commands share; `revision` None: HEAD."""

    data_root: str | None = None
    form: OutputFormat = OutputFormat.TEXT
    revision: str | None = None
    working_tree: bool = False
    verbose: bool = False

    @property
    def is_text(self) -> bool:
        """Return whether the result is for a person to read on a terminal."""
        return self.form is OutputFormat.TEXT
