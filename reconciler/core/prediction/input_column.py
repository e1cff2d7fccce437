"""A column that a row to predict brings, by the type that the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = ("BIGINT", "INTEGER", "HUGEINT")
DAYS = ("DATE", "TIMESTAMP")
_PLAIN = ("VARCHAR", "BOOLEAN", "DOUBLE", *WHOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputColumn:
    """One column. `type`: a DuckDB type. `origin`: `row` of the record's own table or one joined to it; `past`: what is
    known of earlier rows, which whoever asks has computed."""

    name: str
    type: str
    origin: str = "row"

    @property
    def is_plain(self) -> bool:
        """Return whether its values mean the same wherever they are read."""
        return self.type in _PLAIN

    @property
    def datatype(self) -> str:
        """Return its type in the Open Inference Protocol."""
        if self.type == "BOOLEAN":
            return "BOOL"
        if self.type in WHOLE:
            return "INT64"
        return "FP64" if self.type in ("DOUBLE", "FLOAT") or self.type.startswith("DECIMAL") else "BYTES"

    @property
    def held(self) -> str:
        """Return what its values are, in words."""
        words = {"BYTES": "text", "FP64": "numbers", "INT64": "whole numbers", "BOOL": "conditions"}
        return f"{self.type.lower()}s" if self.type in DAYS else words[self.datatype]
