"""Guess how a column's text is to be read, from all its cells: words for missing, signs of numbers, formats of dates.

Takes: the text of a table that no manifest describes. Gives: what to declare under `cells`, `dates` and `types`, and a
note for each guess. Keeps true: nothing is guessed that does not fit every row, by the code that reads the table later;
what fits in two ways is a question, not a guess.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.onboarding import cell_notes
from reconciler.core.onboarding.cell_notes import GROUPING
from reconciler.core.onboarding.column_roles import IDENTITY
from reconciler.core.onboarding.table_profile import CellNote
from reconciler.core.spec.data import CellText, Table
from reconciler.data.duckdb_session import Session, in_parts, name_of, text_of
from reconciler.data.tables.cells import double_meanings
from reconciler.data.tables.cells.cell_shapes import (
    MAYBE_MISSING,
    MISSING,
    SURELY_MISSING,
    NumberShape,
    are_huge,
    date_formats,
    has_order,
    is_day_first,
    is_nearly_number,
    is_time_of_day,
    number_shape,
    other_order,
)
from reconciler.data.tables.cells.guess_dates import first_numbers, fitting_formats, type_of
from reconciler.data.tables.cells.missing_values import NOT_A_NUMBER, with_missing
from reconciler.data.tables.column_types import text_formats_of
from reconciler.data.tables.type_inference import Choice, choose_types

_SAMPLE = 20_000  # rows whose different texts are looked at
_MOST = 1_000  # different texts, the most frequent first
MOST_KEPT = 2_000_000  # cells
_AT_ONCE = 50  # columns of one query
_TEXTS_AT_ONCE = 20  # columns whose texts are counted together: each takes a table in memory
_DOING = "finding how the columns are written"

_WHOLE = ("BIGINT", "INTEGER", "UINTEGER", "UBIGINT")
_FEWEST = 20  # different texts of numbers from which a column of text is no category
_LOOKED_AT = 50  # texts of a column
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
        self._words: dict[str, dict[str, int]] = {}  # column -> words for missing that it holds, and how often
        self._iso: set[str] = set()  # columns of dates that need no declaration

    def result(self) -> tuple[Table, tuple[CellNote, ...]]:
        text = [name for name, kind in self._types.items() if kind == "VARCHAR" and name not in self._declared]
        self._not_a_number([name for name, kind in self._types.items() if kind in ("FLOAT", "DOUBLE")])
        choices = self._choose(text)
        self._numbers(choices)
        self._iso = {
            name for name, choice in choices.items() if choice is not None and choice.kind in ("DATE", "TIMESTAMP")
        }
        unclear = [
            name
            for name, choice in choices.items()
            if choice is not None and (choice.kind == "VARCHAR" or choice.mistaken is not None)
        ]
        self._relation = self._kept(unclear) or self._relation
        self._words = self._find_words(unclear)
        self._columns(unclear)
        order = {name: place for place, name in enumerate(self._types)}
        self._notes.sort(key=lambda note: order[note.column])
        return self._with(self._cells.values()), tuple(self._notes)

    def _with(self, cells: Iterable[CellText]) -> Table:
        listed = tuple(
            sorted((text for text in cells if text != CellText(column=text.column)), key=lambda text: text.column)
        )
        return replace(self._table, cells=listed, types=tuple(sorted(self._declared.items())))

    def _choose(self, columns: list[str], table: Table | None = None) -> dict[str, Choice | None]:
        """Return the type of each column, as a copy infers it from what `table` declares."""
        table = table or self._table
        formats = text_formats_of("profiled", table, columns)
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

    # --- what the columns hold ---

    def _columns(self, names: list[str]) -> None:
        """Guess columns of text: each is taken for what its texts look like if all its rows then have one type."""
        dated: dict[str, tuple[str, ...]] = {}
        shapes: dict[str, NumberShape] = {}
        wanted: dict[str, CellText] = {}
        for name, texts in self._texts(names):
            if not texts:
                self._missing(name, self._words.get(name, {}))
            elif (formats := date_formats(texts)) is not None:
                dated[name] = formats
                wanted[name] = self._own(name)
            elif (shape := number_shape(texts)) is not None:
                shapes[name] = shape
                wanted[name] = self._as_numbers(name, shape)
            elif all(text.lower() in ("true", "false") for text in texts):
                wanted[name] = self._own(name)
            else:
                self._text(name, texts)
        read = self._try(wanted)
        for name, shape in shapes.items():
            if name in read and (note := self._note_of(shape, wanted[name])) is not None:
                self._notes.append(note)
        self._iso |= dated.keys() & read
        self._dates({name: formats for name, formats in dated.items() if name not in read})

    def _texts(self, names: list[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield each column's different texts, the most frequent first, without its words for missing."""
        for some in in_parts(names, _TEXTS_AT_ONCE):
            terms = ", ".join(f"histogram(trim({name_of(name)}))" for name in some)
            listed = ", ".join(map(name_of, some))
            query = f"SELECT {terms} FROM (SELECT {listed} FROM {self._relation} LIMIT {_SAMPLE})"
            (row,) = self._session.rows(query, doing=_DOING)
            for name, counts in zip(some, row, strict=True):
                missing = MISSING | {word.strip() for word in self._own(name).nulls}
                pairs = sorted((counts or {}).items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST]
                yield name, [text for text, _ in pairs if text not in missing]

    def _find_words(self, columns: list[str]) -> dict[str, dict[str, int]]:
        """Return the words for missing that each column holds, the most frequent first, and how often."""
        listed = ", ".join(text_of(word) for word in sorted(MISSING))
        words: dict[str, dict[str, int]] = {}
        for some in in_parts(columns, _AT_ONCE):
            cells = [f"trim({name_of(name)})" for name in some]
            terms = ", ".join(f"histogram(CASE WHEN {cell} IN ({listed}) THEN {cell} END)" for cell in cells)
            (row,) = self._session.rows(f"SELECT {terms} FROM {self._relation}", doing=_DOING)
            for name, counts in zip(some, row, strict=True):
                if counts:
                    words[name] = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
        return words

    def _missing(self, name: str, words: Mapping[str, int]) -> None:
        """Declare that the words are missing values of a column."""
        if words:
            self._cells[name] = _without(self._own(name), words)
            self._notes.append(cell_notes.missing(name, words))

    def _try(self, wanted: Mapping[str, CellText]) -> set[str]:
        """Declare how columns are read, each with its words as missing, if all its rows then have a type.

        Returns the columns of which that holds.
        """
        cells = {name: _without(own, self._words.get(name, {})) for name, own in wanted.items()}
        choices = self._choose(list(wanted), self._with((self._cells | cells).values()))
        read = set()
        for name, choice in choices.items():
            if choice is None or choice.mistaken is not None or choice.kind == "VARCHAR":
                continue
            read.add(name)
            self._cells[name] = wanted[name]
            self._missing(name, self._words.get(name, {}))
            if self._table.uses == "parquet":
                self._declared[name] = choice.kind
        return read

    def _text(self, name: str, texts: list[str]) -> None:
        words = self._words.get(name, {})
        self._missing(name, {word: count for word, count in words.items() if word in SURELY_MISSING})
        kept = {word: count for word, count in words.items() if word in MAYBE_MISSING}
        self._notes += [cell_notes.kept(name, kept)] if kept else []
        if not IDENTITY.fullmatch(name) and are_huge(texts):
            self._notes.append(cell_notes.beyond_bigint(name))
        if len(texts) > _FEWEST and all(map(is_time_of_day, texts)):
            self._notes.append(cell_notes.times_of_day(name))
        numbers = sum(map(is_nearly_number, texts[:_LOOKED_AT]))
        if len(texts) > _FEWEST and numbers >= _NEARLY * len(texts[:_LOOKED_AT]):
            self._notes.append(cell_notes.unread_numbers(name))

    # --- numbers ---

    def _as_numbers(self, name: str, shape: NumberShape) -> CellText:
        """Return how a column is read as numbers: by the table's signs where these fit."""
        own = self._own(name)
        own = replace(own, unit=own.unit or shape.unit, negative=own.negative or shape.negative)
        usual = self._table.decimal or "."
        if own.decimal or own.grouping or self._usual_signs & set(shape.signs):
            return replace(own, decimal=own.decimal or usual) if shape.typeset else own
        decimal, grouping = shape.signs[0]
        return replace(
            own,
            decimal=decimal if decimal != usual else None,
            grouping=grouping if decimal == usual or grouping != GROUPING[decimal] else None,
        )

    @property
    def _usual_signs(self) -> set[tuple[str, str | None]]:
        usual = self._table.decimal or "."
        return {(usual, None)} | ({(usual, GROUPING[usual])} if self._table.decimal else set())

    def _note_of(self, shape: NumberShape, own: CellText) -> CellNote | None:
        given = self._table.cell_text(own.column)
        guessed = not (given.decimal or given.grouping or self._usual_signs & set(shape.signs))
        if guessed and {(",", "."), (".", ",")} <= set(shape.signs):
            return cell_notes.either_decimal(own.column, ",")
        return cell_notes.numbers(own)

    def _numbers(self, choices: Mapping[str, Choice | None]) -> None:
        """Look again at columns that are numbers as they stand."""
        kinds = {name: choice.kind for name, choice in choices.items() if choice is not None}
        kinds |= {name: kind for name, kind in self._types.items() if name not in self._declared and kind != "VARCHAR"}
        whole = [name for name, kind in kinds.items() if kind in _WHOLE]
        asked = [name for name in whole if (written := self._own(name).dates) and "%d" in written]
        self._declared |= {name: type_of(self._table, self._own(name).dates or "") for name in asked}
        unasked = [name for name in whole if name not in asked]
        for name in double_meanings.days_of_digits(self._session, self._relation, unasked):
            self._cells[name] = replace(self._own(name), dates=double_meanings.DIGITS)
            self._declared[name] = "DATE"
            self._notes.append(cell_notes.days_of_digits(name))
        keys = [name for name, kind in kinds.items() if kind == "DOUBLE" and IDENTITY.fullmatch(name)]
        for name in double_meanings.whole_and_different(self._session, self._relation, keys):
            self._declared[name] = "BIGINT"
            self._notes.append(cell_notes.whole_key(name))
        moments = double_meanings.moments(self._session, self._relation, unasked)
        self._notes += [cell_notes.moments(name, unit) for name, unit in moments.items()]
        if self._table.uses == "parquet":
            huge = double_meanings.beyond_bigint(self._session, self._relation, kinds)
            self._notes += [cell_notes.beyond_bigint(name) for name in huge]
        elif self._table.decimal is None:
            decimals = [name for name, kind in kinds.items() if kind == "DOUBLE" and not self._own(name).decimal]
            commas = self._table.delimiter is None
            for name in double_meanings.grouped_by_points(self._session, self._relation, decimals, commas=commas):
                self._notes.append(cell_notes.either_decimal(name, "."))

    def _not_a_number(self, columns: list[str]) -> None:
        for some in in_parts(columns, _AT_ONCE):
            terms = ", ".join(f"count_if({NOT_A_NUMBER.format(name_of(name))})" for name in some)
            (counts,) = self._session.rows(f"SELECT {terms} FROM {self._relation}", doing=_DOING)
            for name, count in zip(some, counts, strict=True):
                if count:
                    self._missing(name, {"NaN": count})

    # --- dates ---

    def _dates(self, dated: Mapping[str, tuple[str, ...]]) -> None:
        chosen: dict[str, str] = {}
        open_order: dict[str, str] = {}
        missing = {name: {*self._words.get(name, {}), *map(str.strip, self._own(name).nulls)} for name in dated}
        for name, fitting in fitting_formats(self._session, self._relation, self._table, dated, missing):
            if not fitting:
                self._declared[name] = "VARCHAR"
                self._notes.append(cell_notes.unread(name))
                continue
            self._missing(name, self._words.get(name, {}))
            chosen[name] = fitting[0]
            if has_order(fitting[0]) and other_order(fitting[0]) in fitting:
                open_order[name] = fitting[0]
        settled = {
            is_day_first(written) for name, written in chosen.items() if has_order(written) and name not in open_order
        }
        for name, written in open_order.items():
            if len(settled) == 1:
                chosen[name] = written if is_day_first(written) in settled else other_order(written)
                self._notes.append(cell_notes.order_of_others(name))
            else:
                self._ask(name, written)
        self._declare_dates(chosen)

    def _ask(self, name: str, written: str) -> None:
        first, second = first_numbers(self._session, self._relation, name)
        self._notes.append(cell_notes.either_order(name, written, other_order(written), first, second))

    def _declare_dates(self, chosen: Mapping[str, str]) -> None:
        """Declare the formats: for the whole table where all its dates are written alike."""
        alone = set(chosen.values())
        if self._table.uses == "csv" and self._table.dates is None and len(alone) == 1 and not self._iso:
            self._table = replace(self._table, dates=alone.pop())
            return
        for name, written in chosen.items():
            self._cells[name] = replace(self._own(name), dates=written)
            if self._table.uses == "parquet":
                self._declared[name] = type_of(self._table, written)


def _without(cells: CellText, words: Iterable[str]) -> CellText:
    """Return the cells' text with the words among its missing values."""
    return replace(cells, nulls=tuple(dict.fromkeys((*cells.nulls, *(word or " " for word in words)))))
