"""Status: what is deployed in each environment, whether it is what git says, and how good it is. Worst first."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.duration import in_words
from reconciler.core.inspect.status import EnvironmentStatus, ModelStatus, Status
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.layout.escaping import cell, paper, plain, prose
from reconciler.report.layout.formatting import NONE, at, at_code, count, day, digest, metric, titled
from reconciler.report.layout.table import TextColumn, markdown_table, table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap

_COLUMNS = [
    TextColumn(name="model"),
    TextColumn(name="sync"),
    TextColumn(name="health"),
    TextColumn(name="artifact"),
    TextColumn(name="n", right=True, spare=2),
    TextColumn(name="grade", spare=1),
    TextColumn(name="F1/R2", right=True, spare=1),
    TextColumn(name="data as of", spare=3),
    TextColumn(name="since", spare=4),
]


def text(status: Status, look: TextStyle) -> str:
    return page(_lines(status, look), look)


def _lines(status: Status, look: TextStyle) -> Iterator[Line]:
    for position, one in enumerate(status.environments):
        if position:
            yield Line()
        yield from _environment(one, look)
    if not status.environments:
        yield Line("No environment is declared.", Tone.DIM)


def _ordered(one: EnvironmentStatus) -> list[ModelStatus]:
    def rank(model: ModelStatus) -> tuple[int, bool, str]:
        return (-model.health.rank, model.sync is SyncStatus.IN_SYNC, model.model)

    return sorted(one.models, key=rank)


def _notes(one: EnvironmentStatus) -> Iterator[str]:
    if one.snapshot is not None:
        age = f", taken {in_words(one.snapshot_age)} ago" if one.snapshot_age is not None else ""
        yield f"data snapshot {one.snapshot}{age}"
    yield from one.notes


def _environment(one: EnvironmentStatus, look: TextStyle) -> Iterator[Line]:
    title = f"{plain(titled(one.environment, one.role))} {at(one.revision)}: {count(len(one.models), 'model')}"
    yield Line(title, Tone.STRONG)
    for note in _notes(one):
        for line in wrap(plain(note), look.width, first="  "):
            yield Line(line, Tone.DIM)
    models = _ordered(one)
    rows = [[plain(value) for value in _cells(model)] for model in models]
    if rows:
        lines = table(_COLUMNS, rows, look)
        yield Line(lines[0], Tone.DIM)
        for model, line in zip(models, lines[1:], strict=True):
            yield Line(line, _tone(model))
            if model.exit or model.notes or model.sync is not SyncStatus.IN_SYNC:
                for reason in _reasons(model):
                    for detail in wrap(plain(reason), look.width, first="      "):
                        yield Line(detail, _tone(model))


def _reasons(one: ModelStatus) -> list[str]:
    """The reason and the notes; a note that only says the reason again stands for it."""
    again = [note for note in one.notes if note.endswith(one.reason)]
    return [*(again or [one.reason]), *(note for note in one.notes if note not in again)]


def _cells(one: ModelStatus) -> list[str]:
    return [
        one.model,
        one.sync.value,
        one.health.value,
        digest(one.artifact),
        NONE if one.entry is None else str(one.entry),
        one.grade or NONE,
        metric(one.headline),
        one.data_as_of or NONE,
        NONE if one.since is None else day(one.since),
    ]


def _tone(one: ModelStatus) -> Tone:
    if one.health in (HealthStatus.DEGRADED, HealthStatus.UNKNOWN):
        return Tone.BAD
    if one.health is not HealthStatus.HEALTHY or one.sync is not SyncStatus.IN_SYNC or one.exit:
        return Tone.WARN
    return Tone.GOOD


def markdown(status: Status) -> str:
    lines: list[str] = []
    for one in status.environments:
        lines += [f"### {prose(titled(one.environment, one.role))} {at_code(one.revision)}", ""]
        lines += [f"- {prose(note)}" for note in _notes(one)]
        models = _ordered(one)
        if models:
            columns = [*_COLUMNS, TextColumn(name="why")]
            rows = [
                [
                    cell(model.model),
                    *(plain(value).replace("|", "\\|") for value in _cells(model)[1:]),
                    prose("; ".join(_reasons(model))),
                ]
                for model in models
            ]
            lines += ["", *markdown_table(columns, rows)]
        lines += [""]
    return paper(lines or ["No environment is declared."])
