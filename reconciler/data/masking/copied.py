"""The column of a table copy as masking sees it."""

from __future__ import annotations

from typing import Protocol


class Copied(Protocol):
    """A column to copy (`data.tables.copied_column` has them)."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def kind(self) -> str:
        """Return its DuckDB type."""

    @property
    def cell(self) -> str:
        """Return SQL of the cell."""

    @property
    def strict(self) -> str:
        """Return SQL of the value, which fails the statement where the cell does not fit its type."""
