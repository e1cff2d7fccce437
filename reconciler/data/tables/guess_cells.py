"""Guess how a column's text is to be read, from all its cells: words for missing, signs of numbers, formats of dates.

Takes: the text of a table that no manifest describes. Gives: what to declare under `cells`, `dates` and `types`, and a
note for each guess. Keeps true: nothing is guessed that does not fit every row, by the code that reads the table later;
what fits in two ways is a question, not a guess.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.onboarding import cell_notes
from reconciler.core.onboarding.cell_notes import GROUPING
from reconciler.core.onboarding.table_profile import CellNote
from reconciler.core.spec.environment import CellText, Table
from reconciler.data.duckdb_session import Session, in_parts, name_of, text_of
from reconciler.data.tables.cell_shapes import (
    MAYBE_MISSING,
    MISSING,
    SURELY_MISSING,
    NumberShape,
    date_formats,
    has_order,
    number_shape,
    other_order,
)
from reconciler.data.tables.column_types import from_text, text_format_of
from reconciler.data.tables.missing_values import with_missing
from reconciler.data.tables.type_inference import Choice, choose_types

_SAMPLE = 20_000  # rows whose different texts are looked at
_MOST = 1_000  # different texts, the most frequent first
MOST_KEPT = 2_000_000  # cells
_AT_ONCE = 50  # columns of one query
_DOING = "finding how the columns are written"

_NEARLY = 0.9  # share of a column's cells that fit a format, from which the others are mistakes


def guess_cells(
    session: Session, relation: str, types: Mapping[str, str], table: Table, *, most_kept: int = MOST_KEPT
) -> tuple[Table, tuple[CellNote, ...]]:
    """Return the table with what its text needs to be read as it is meant, and the notes.

    `types`: of the relation's columns. `most_kept`: cells of a table that is kept in memory meanwhile.
    """
    return _Guess(session, relation, types, table, most_kept).result()


class _Guess:
    def __init__(self, session: Session, relation: str, types: Mapping[str, str], table: Table, most_kept: int) -> None:
        self._session, self._relation, self._types, self._table = session, relation, types, table
        self._cells = {cells.column: cells for cells in table.cells}
        self._declared = dict(table.types)
        self._most_kept = most_kept
        self._notes: list[CellNote] = []
        self._wordy: set[str] = set()  # columns with a word for missing
        self._iso: set[str] = set()  # columns of dates that need no declaration

    def result(self) -> tuple[Table, tuple[CellNote, ...]]:
        text = [name for name, kind in self._types.items() if kind == "VARCHAR" and name not in self._declared]
        self._not_a_number([name for name, kind in self._types.items() if kind in ("FLOAT", "DOUBLE")])
        choices = self._choose(text)
        self._iso = {
            name for name, choice in choices.items() if choice is not None and choice.kind in ("DATE", "TIMESTAMP")
        }
        unclear = [
            name
            for name, choice in choices.items()
            if choice is not None and (choice.kind == "VARCHAR" or choice.mistaken is not None)
        ]
        self._relation = self._kept(unclear) or self._relation
        self._wordy = self._with_words(unclear)
        dated: dict[str, tuple[str, ...]] = {}
        for name in unclear:
            dated |= self._column(name)
        self._dates(dated)
        return self._with(self._cells.values()), tuple(self._notes)

    def _with(self, cells: Iterable[CellText]) -> Table:
        listed = tuple(
            sorted((text for text in cells if text != CellText(column=text.column)), key=lambda text: text.column)
        )
        return replace(self._table, cells=listed, types=tuple(sorted(self._declared.items())))

    def _choose(self, columns: list[str], table: Table | None = None) -> dict[str, Choice | None]:
        """Return the type of each column, as a copy infers it from what `table` declares."""
        table = table or self._table
        formats = {name: text_format_of("profiled", table, name) for name in columns}
        listed = ", ".join(map(name_of, columns)) or "1"
        query = with_missing(f"SELECT {listed} FROM {self._relation}", dict.fromkeys(columns, "VARCHAR"), table)
        return choose_types(self._session, relation=f"({query})", columns=columns, table="profiled", formats=formats)

    def _kept(self, columns: list[str]) -> str | None:
        """Keep a small table's columns of text in memory, and return the relation; None for a large table.

        A file of many columns would be read from its first cell to its last for each of them.
        """
        rows = self._session.value(f"SELECT count(*) FROM {self._relation}", doing=_DOING)
        if not columns or rows * len(columns) > self._most_kept:
            return None
        listed = ", ".join(map(name_of, columns))
        self._session.run(f"CREATE TEMP TABLE kept_cells AS SELECT {listed} FROM {self._relation}", doing=_DOING)
        return "kept_cells"

    def _own(self, name: str) -> CellText:
        return self._cells.get(name, CellText(column=name))

    # --- one column ---

    def _column(self, name: str) -> dict[str, tuple[str, ...]]:
        """Guess one column of text; returns the formats to try where it holds dates."""
        cell = name_of(name)
        rows = self._session.rows(
            f"SELECT text, count(*) FROM (SELECT trim({cell}) AS text FROM {self._relation} LIMIT {_SAMPLE})"
            f" WHERE text IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST}",
            doing=_DOING,
        )
        declared = {word.strip() for word in self._own(name).nulls}
        texts = [text for text, _ in rows if text not in MISSING and text not in declared]
        words = self._words(name)
        if not texts:
            if words:
                self._missing(name, words)
            return {}
        if (formats := date_formats(texts)) is not None:
            return {name: formats}
        if (shape := number_shape(texts)) is not None:
            self._number(name, shape, words)
        elif all(text.lower() in ("true", "false") for text in texts):
            self._try(name, self._own(name), words)
        else:
            self._text(name, words)
        return {}

    def _with_words(self, columns: list[str]) -> set[str]:
        """Return the columns that hold a word for missing."""
        listed = ", ".join(text_of(word) for word in sorted(MISSING))
        wordy: set[str] = set()
        for batch in in_parts(columns, _AT_ONCE):
            terms = ", ".join(f"bool_or(trim({name_of(name)}) IN ({listed}))" for name in batch)
            (row,) = self._session.rows(f"SELECT {terms} FROM {self._relation}", doing=_DOING)
            wordy |= {name for name, found in zip(batch, row, strict=True) if found}
        return wordy

    def _words(self, name: str) -> dict[str, int]:
        """Return the words for missing that the column holds, and how often."""
        if name not in self._wordy:
            return {}
        cell = name_of(name)
        listed = ", ".join(text_of(word) for word in sorted(MISSING))
        rows = self._session.rows(
            f"SELECT trim({cell}), count(*) FROM {self._relation} WHERE trim({cell}) IN ({listed})"
            " GROUP BY 1 ORDER BY 2 DESC, 1",
            doing=_DOING,
        )
        return dict(rows)

    def _missing(self, name: str, words: Mapping[str, int]) -> None:
        """Declare that the words are missing values of a column."""
        cells = self._own(name)
        texts = tuple(word or " " for word in words)
        self._cells[name] = replace(cells, nulls=tuple(dict.fromkeys((*cells.nulls, *texts))))
        if words:
            self._notes.append(cell_notes.missing(name, words))

    def _try(self, name: str, cells: CellText, words: Mapping[str, int]) -> bool:
        """Declare `cells` and the words as missing if every row then has one type, other than text."""
        nulls = tuple(dict.fromkeys((*cells.nulls, *(word or " " for word in words))))
        wanted = replace(cells, nulls=nulls)
        table = self._with([*(other for other in self._cells.values() if other.column != name), wanted])
        choice = self._choose([name], table)[name]
        if choice is None or choice.mistaken is not None or choice.kind == "VARCHAR":
            return False
        self._cells[name] = cells
        self._missing(name, words)
        if self._table.uses == "parquet":
            self._declared[name] = choice.kind
        return True

    def _text(self, name: str, words: Mapping[str, int]) -> None:
        surely = {word: count for word, count in words.items() if word in SURELY_MISSING}
        if surely:
            self._missing(name, surely)
        kept = {word: count for word, count in words.items() if word in MAYBE_MISSING}
        if kept:
            self._notes.append(cell_notes.kept(name, kept))

    def _number(self, name: str, shape: NumberShape, words: Mapping[str, int]) -> None:
        own = self._own(name)
        own = replace(own, unit=own.unit or shape.unit, negative=own.negative or shape.negative)
        usual = self._table.decimal or "."
        as_usual = [(usual, None)] + ([(usual, GROUPING[usual])] if self._table.decimal else [])
        asked = False
        if not (own.decimal or own.grouping) and not set(as_usual) & set(shape.signs):
            decimal, grouping = shape.signs[0]
            asked = {(",", "."), (".", ",")} <= set(shape.signs)
            own = replace(
                own,
                decimal=decimal if decimal != usual else None,
                grouping=grouping if decimal == usual or grouping != GROUPING[decimal] else None,
            )
        if not self._try(name, own, words):
            return
        note = cell_notes.either_decimal(name) if asked else cell_notes.numbers(own)
        if note is not None:
            self._notes.append(note)

    def _not_a_number(self, columns: list[str]) -> None:
        for batch in in_parts(columns, _AT_ONCE):
            terms = ", ".join(f"count_if(isnan({name_of(name)}))" for name in batch)
            (counts,) = self._session.rows(f"SELECT {terms} FROM {self._relation}", doing=_DOING)
            for name, count in zip(batch, counts, strict=True):
                if count:
                    self._missing(name, {"NaN": count})

    # --- dates ---

    def _dates(self, dated: Mapping[str, tuple[str, ...]]) -> None:
        chosen: dict[str, str] = {}
        open_order: dict[str, str] = {}
        for name, formats in dated.items():
            words = self._words(name)
            if self._try(name, self._own(name), words):
                self._iso.add(name)
                continue
            fitting = self._fitting(name, formats, words)
            if not fitting:
                self._unread(name)
                continue
            if words:
                self._missing(name, words)
            chosen[name] = fitting[0]
            if len(fitting) > 1:
                open_order[name] = fitting[0]
        settled = {
            _day_first(written) for name, written in chosen.items() if has_order(written) and name not in open_order
        }
        for name, written in open_order.items():
            if len(settled) == 1:
                chosen[name] = written if _day_first(written) in settled else other_order(written)
                self._notes.append(cell_notes.order_of_others(name))
            else:
                self._ask(name, written)
        self._declare_dates(chosen)

    def _fitting(self, name: str, formats: tuple[str, ...], words: Mapping[str, int]) -> list[str]:
        """Return the formats in which every cell is a day or a time; else one that hardly any cell does not fit.

        The copy then names the cell that is wrong.
        """
        if not formats:
            return []
        cell = name_of(name)
        missing = {*words, *(text.strip() for text in self._own(name).nulls)}
        listed = ", ".join(text_of(word) for word in sorted(missing)) or "NULL"
        text = f"CASE WHEN trim({cell}) NOT IN ({listed}) THEN {cell} END" if missing else cell
        terms = [f"count({text})"]
        for written in formats:
            text_format = text_format_of("profiled", replace(self._table, dates=written))
            terms.append(f"count({from_text(f'({text})', text_format.formatted or 'DATE', text_format)})")
        ((cells, *fitting),) = self._session.rows(f"SELECT {', '.join(terms)} FROM {self._relation}", doing=_DOING)
        best = max(fitting)
        if best < _NEARLY * cells:
            return []
        return [written for written, count in zip(formats, fitting, strict=True) if count == best][
            : 2 if best == cells else 1
        ]

    def _unread(self, name: str) -> None:
        self._declared[name] = "VARCHAR"
        self._notes.append(cell_notes.unread(name))

    def _ask(self, name: str, written: str) -> None:
        cell = f"regexp_extract_all({name_of(name)}, '[0-9]+')"
        first, second = (f"TRY_CAST({cell}[{place}] AS INTEGER)" for place in (1, 2))
        ((low, high, low_2, high_2),) = self._session.rows(
            f"SELECT min({first}), max({first}), min({second}), max({second}) FROM {self._relation}", doing=_DOING
        )
        self._notes.append(cell_notes.either_order(name, written, other_order(written), (low, high), (low_2, high_2)))

    def _declare_dates(self, chosen: Mapping[str, str]) -> None:
        """Declare the formats: for the whole table where all its dates are written alike."""
        alone = set(chosen.values())
        if self._table.uses == "csv" and self._table.dates is None and len(alone) == 1 and not self._iso:
            self._table = replace(self._table, dates=alone.pop())
            return
        for name, written in chosen.items():
            self._cells[name] = replace(self._own(name), dates=written)
            if self._table.uses == "parquet":
                kind = text_format_of("profiled", replace(self._table, dates=written)).formatted
                self._declared[name] = kind or "DATE"


def _day_first(written: str) -> bool:
    return written.index("%d") < written.index("%m")
