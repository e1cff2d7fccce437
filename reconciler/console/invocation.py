"""Options that every command shares, gathered in one value, so that an error is reported in the form asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(slots=True, kw_only=True)
class Invocation:
    """What the command line says besides its command's own arguments. `revision` None: HEAD."""

    data_root: str | None = None
    form: OutputFormat = OutputFormat.TEXT
    revision: str | None = None
    working_tree: bool = False
    verbose: bool = False
