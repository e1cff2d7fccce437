"""Where a model comes from: its versions, its data and their masks, its lineage, its gates and its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.artifact.build import Provenance
from reconciler.core.duration import in_words
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.site.model_report import ModelReport, ModelVersion
from reconciler.core.spec.gates import GateStatus, Verification
from reconciler.report.evaluation.judged_model import left_out
from reconciler.report.evaluation_page.elements import (
    DASH,
    Html,
    code,
    day,
    digest,
    facts,
    html,
    interval,
    items,
    joined,
    name,
    number,
    paragraph,
    section,
    table,
    text,
)
from reconciler.report.inspect.history import approvals_and_overrides
from reconciler.report.layout.formatting import commit
from reconciler.report.plots.lines import FigureAt, over_time

_GATE = {GateStatus.PASSED: "passed", GateStatus.REFUSED: "<strong>failed</strong>", GateStatus.NOT_APPLICABLE: "n/a"}


def versions(report: ModelReport, *, plots: bool) -> Html:
    """Return the section on training over time: each artifact on its own holdout."""
    if len(report.versions) < 2:
        return Html("")
    parts = [paragraph("Each on its own holdout: a step may be other rows, not another model.", kind="note")]
    newest = report.versions[-1].figure
    drawn = [v for v in report.versions if v.value is not None and v.figure == newest and v.apart is None]
    if plots and len(drawn) > 1 and newest is not None:
        svg = over_time(
            [
                FigureAt(when=v.when, value=v.value, low=v.low, high=v.high, label=v.grade or "")
                for v in drawn
                if v.value is not None
            ],
            name="time",
            title=f"{newest} over time",
            description=f"{len(drawn)} artifacts by the day of their journal entries, with their grades.",
            y=newest,
        )
        parts.append(Html(f'<div class="plots"><figure>{svg}</figure></div>'))
    rows = (_version(each) for each in reversed(report.versions))
    parts += [
        paragraph(text(f"Entry {each.n} does not stand beside the newest: {each.apart}."), kind="note")
        for each in report.versions
        if each.apart is not None
    ]
    heads = ("entry", "when", "artifact", "data as of", "grade", "figure", "95% interval", "rows")
    parts.append(table("Artifacts, the newest first", heads, rows, words=5))
    return section("versions", "Training over time", *parts)


def _version(each: ModelVersion) -> tuple[Html, ...]:
    shown = html(name(each.figure), f" {number(each.value)}") if each.figure is not None else DASH
    return (
        Html(str(each.n)),
        day(each.when),
        digest(each.artifact),
        text(each.data_as_of or "–"),
        text(each.grade or "–"),
        shown,
        Html(interval(each.low, each.high)),
        Html(f"{each.rows:,}") if each.rows is not None else DASH,
    )


def data(report: ModelReport) -> Html:
    """Return the section on the data: what was copied, and what was done to personal columns before."""
    judged = report.judged
    if judged is None:
        return Html("")
    parts: list[Html] = []
    made, rows = judged.provenance, judged.evaluation
    known = [("holdout", Html(f"{rows.rows:,} rows that training did not use"))]
    known += [("training", Html(f"{rows.training_rows:,} rows"))]
    if rows.holdout_from:
        known += [("holdout from", text(rows.holdout_from))]
    if made is not None:
        known += [
            ("as of", text(made.as_of)),
            ("data snapshot", html(str(made.snapshot), " of ", name(made.environment))),
        ]
        if left := left_out(made):
            known.append(("left out of both", text(left)))
    parts.append(facts(known))
    if report.tables:
        shown = (
            (name(each.name), Html(f"{each.rows:,}"), Html(str(len(each.columns))), digest(each.digest))
            for each in report.tables
        )
        parts.append(table("Tables of the snapshot", ("table", "rows", "columns", "digest"), shown))
        parts.extend(_sampled(report))
    elif report.tables_unknown is not None:
        parts.append(paragraph(text(report.tables_unknown), kind="note"))
    parts.append(_masks(made))
    return section("data", "Data", *parts)


def _sampled(report: ModelReport) -> Iterator[Html]:
    for each in report.tables:
        if each.sampled_by is not None:
            yield paragraph(html(name(each.name), " is a sample by ", name(each.sampled_by), "."))


def _masks(made: Provenance | None) -> Html:
    """Say which of the columns that the model reads were masked before they were copied."""
    done = made.inputs.masks if made is not None else None
    masked = [
        html(name(f"{table}.{each.column}"), ": ", text(str(each))) for table, marks in done or () for each in marks
    ]
    if not masked:
        return paragraph("No column that the model reads was masked.") if made is not None else Html("")
    return html(paragraph("Masked before the data were copied:"), items(masked))


def lineage(report: ModelReport) -> Html:
    """Return the section on lineage: what the artifact was made of, by whom, and which request brought it."""
    judged = report.judged
    if judged is None:
        return Html("")
    known: list[tuple[str, Html]] = [("artifact", code(judged.artifact))]
    made = judged.provenance
    if made is not None:
        versions = ", ".join(f"{package} {version}" for package, version in made.runtime.versions)
        known += [
            ("recipe", code(made.inputs.recipe)),
            ("fingerprint", code(made.fingerprint)),
            ("tables", joined(html(name(t.name), " ", digest(t.digest)) for t in made.inputs.tables)),
            ("runtime", text(f"{versions}, {made.runtime.architecture}")),
            ("commit", code(made.commit) if made.commit else Html("none: in the working tree")),
            ("trained", html(day(made.finished), " in ", name(made.environment), " by ", name(made.who))),
            ("training took", text(in_words((made.finished - made.started).total_seconds()))),
        ]
    if (brought := _request(report.events, judged)) is not None:
        known += [("request", brought)]
    again = html("To reproduce: ", code(f"reconciler reproduce {judged.artifact}"))
    return section("lineage", "Lineage", facts(known), paragraph(again))


def _request(events: Iterable[HistoryEvent], judged: JudgedModel) -> Html | None:
    for event in events:
        if event.artifact == judged.artifact and event.approved is not None:
            record = event.approved
            return html(link(record.url, f"request {record.number}"), " by ", name(record.author))
    return None


def link(url: str, words: str) -> Html:
    """Return a link where the address is one of the web, else the words."""
    if not url.startswith(("https://", "http://")):
        return text(words)
    return Html(f'<a href="{text(url)}" rel="noreferrer">{text(words)}</a>')


def gates(judged: JudgedModel) -> Html:
    """Return the section on gates, of each environment that judged the artifact."""
    return section("gates", "Gates", *(_verification(each) for each in judged.verifications))


def _verification(verification: Verification) -> Html:
    order = (GateStatus.REFUSED, GateStatus.PASSED, GateStatus.NOT_APPLICABLE)
    results = sorted(verification.results, key=lambda result: order.index(result.verdict))
    rows = ((name(result.gate.subject), Html(_GATE[result.verdict]), text(result.reason)) for result in results)
    title = html("Gates of ", name(verification.environment))
    return html(f"<h3>{title}</h3>", table("Results", ("gate", "result", "why"), rows, words=3))


def journal(report: ModelReport) -> Html:
    """Return the section of the journal, newest first."""
    if not report.events:
        return section("journal", "Journal", paragraph("No entry is there."))
    rows = (_event(each) for each in report.events)
    parts = [
        table("Entries, the newest first", ("n", "when", "action", "artifact", "commit", "who", "why"), rows, words=7)
    ]
    if report.earlier:
        command = f"reconciler history {report.environment} {report.model}"
        parts.append(paragraph(f"{report.earlier:,} earlier entries: ", code(command), kind="note"))
    return section("journal", "Journal", *parts)


def _event(event: HistoryEvent) -> tuple[Html, ...]:
    more = "".join(f"<br>{text(each)}" for each in approvals_and_overrides(event))
    at = code(commit(event.commit)) if event.commit else DASH
    action, why = Html(event.action.value), html(text(event.reason), more)
    return Html(str(event.n)), day(event.when), action, digest(event.artifact), at, name(event.who), why
