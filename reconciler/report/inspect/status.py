"""The status: what is deployed in each environment, whether git declares it, and how good it is. Worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from reconciler.core.duration import in_words
from reconciler.core.inspect.status import UNSIGNED, EnvironmentStatus, ModelStatus, Status
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Either,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.formatting import NONE, at_revision, count, day, digest, metric, titled
from reconciler.report.layout.text_layout import Tone

_COLUMNS = (
    Column(name="model"),
    Column(name="sync"),
    Column(name="health"),
    Column(name="artifact"),
    Column(name="entry", right=True, spare=2),
    Column(name="grade", spare=1),
    Column(name="F1/R2", right=True, spare=1),
    Column(name="data as of", spare=3),
    Column(name="since", spare=4),
)

_NAMED = ("f1_macro", "r2")  # by the column

DOCUMENTS = {"status": (Status, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(status: Status, detail: Detail) -> Iterator[Block]:
    """Show a table for each environment; a page says of each model why, a screen of those that are not in order."""
    return _blocks(status, detail, [()] * len(status.environments))


def blocks_with_lines(status: Status, lines: Sequence[Sequence[str]]) -> Iterator[Block]:
    """Show the same on a screen. `lines`: of each environment the models that its status lacks, sorted, as
    `line_in_order` made them."""
    return _blocks(status, Detail.SCREEN, lines)


def line_in_order(model: ModelStatus) -> str:
    """Return the cells of a model on a screen, with a tab between them, and each of its notes on a line of its own, of
    one that is in order; an empty text of one that is not, or that a terminal may show otherwise than it is written."""
    row = _row(model, Detail.SCREEN)
    cells = [cell if isinstance(cell, str) else cell.text for cell in row.cells if isinstance(cell, _WRITTEN)]
    notes = [note for note in row.notes if isinstance(note, str)]
    shown = row.tone is Tone.GOOD and len(notes) == len(row.notes) and len(cells) == len(row.cells)
    if not shown or not all(text.isascii() and text.isprintable() for text in (*cells, *notes)):
        return ""
    return "\n".join(["\t".join(cells), *notes])


_WRITTEN = (str, Code, Literal)


def _blocks(status: Status, detail: Detail, lines: Sequence[Sequence[str]]) -> Iterator[Block]:
    for position, (environment, in_order) in enumerate(zip(status.environments, lines, strict=True)):
        if position:
            yield GAP
        yield from _environment(environment, detail, in_order)
    if not status.environments:
        yield Paragraph("No environment is declared.", tone=Tone.DIM)


def _environment(status: EnvironmentStatus, detail: Detail, in_order: Sequence[str]) -> Iterator[Block]:
    models = Either(f": {count(len(status.models) + len(in_order), 'model')}", "")
    yield Heading((titled(status.environment, status.role), " ", at_revision(status.revision), models))
    notes = tuple(Item(note, tone=Tone.DIM) for note in _notes(status) if note != UNSIGNED or detail is Detail.PAGE)
    if notes:
        yield Items(notes)
    if status.models or in_order:
        columns = _COLUMNS if detail is Detail.SCREEN else (*_COLUMNS, Column(name="why"))
        yield DataTable(columns, tuple(_rows(status.models, detail, in_order)), heading=Tone.DIM)


def _rows(models: Sequence[ModelStatus], detail: Detail, in_order: Sequence[str]) -> list[Row]:
    """Return the rows of models, the worst first. `in_order`: lines of others, which stand among those in order."""
    good = []
    for line in in_order:
        cells, *notes = line.split("\n")
        good.append(Row(tuple(cells.split("\t")), Tone.GOOD, tuple(notes)))
    if not models:
        return good
    best = -HealthStatus.HEALTHY.rank, True
    rows = [((*best, str(row.cells[0])), row) for row in good]
    rows += [
        ((-model.health.rank, model.sync is SyncStatus.IN_SYNC, model.model), _row(model, detail)) for model in models
    ]
    return [row for _, row in sorted(rows, key=itemgetter(0))]


def _notes(status: EnvironmentStatus) -> Iterator[str]:
    if status.snapshot is not None:
        age = f", taken {in_words(status.snapshot_age)} ago" if status.snapshot_age is not None else ""
        yield f"data snapshot {status.snapshot}{age}"
    yield from status.notes


def _row(model: ModelStatus, detail: Detail) -> Row:
    cells: tuple[Words, ...] = (
        Code(model.model),
        Literal(model.sync.value),
        Literal(model.health.value),
        Literal(digest(model.artifact)),
        Literal(NONE if model.entry is None else str(model.entry)),
        model.grade or Literal(NONE),
        Literal(_headline(model)),
        model.data_as_of or Literal(NONE),
        Literal(NONE if model.since is None else day(model.since)),
    )
    reasons = _reasons(model)
    if detail is Detail.PAGE:
        return Row((*cells, "; ".join(reasons)))
    unclear = model.status is not ResultStatus.CLEAN or model.sync is not SyncStatus.IN_SYNC
    return Row(cells, tone=_tone(model), notes=tuple(reasons) if unclear else model.notes)


def _headline(model: ModelStatus) -> str:
    """Return the figure under `F1/R2`; one that is neither says what it is."""
    value = metric(model.headline)
    return value if model.figure in (None, *_NAMED) else f"{model.figure} {value}"


def _reasons(model: ModelStatus) -> list[str]:
    """Return the reason and the notes; a note that only says the reason again stands for it."""
    again = [note for note in model.notes if note.endswith(model.reason)]
    return [*(again or [model.reason]), *(note for note in model.notes if note not in again)]


def _tone(model: ModelStatus) -> Tone:
    if model.health in (HealthStatus.DEGRADED, HealthStatus.UNKNOWN):
        return Tone.BAD
    if (
        model.health is not HealthStatus.HEALTHY
        or model.sync is not SyncStatus.IN_SYNC
        or model.status is not ResultStatus.CLEAN
    ):
        return Tone.WARN
    return Tone.GOOD
