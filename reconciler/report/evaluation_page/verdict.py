"""The verdict: what a reader must know first, in whole sentences, and the figures behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation.detailed import DetailedEvaluation, areas_of
from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.site.model_report import ModelReport
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.gates.known_figures import as_it_moved
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.evaluation_page.elements import (
    Html,
    day,
    digest,
    figure,
    html,
    interval,
    name,
    number,
    paragraph,
    section,
    share,
    signed,
    table,
    text,
    told_once,
)

_SYNC = {SyncStatus.IN_SYNC: "in sync with git", SyncStatus.OUT_OF_SYNC: "not what git declares"}


def verdict(report: ModelReport) -> Html:
    """Return the grade as a letter, and the sentences of the verdict."""
    judged = report.judged
    letter = _grade(judged)
    sentences = "".join(f"<p>{each}</p>" for each in _sentences(report))
    badge = f'<div class="grade g{letter}" role="img" aria-label="Grade {letter}">{letter}</div>' if letter else ""
    return section("verdict", "Verdict", f'<div class="verdict">{badge}<div>{sentences}</div></div>')


def _grade(judged: JudgedModel | None) -> str:
    if judged is None:
        return ""
    return str(judged.detailed.grade.grade if judged.detailed is not None else judged.evaluation.grade)


def _sentences(report: ModelReport) -> Iterator[Html]:
    judged = report.judged
    if judged is None:
        yield text(report.unknown or "There is no artifact to judge.")
    elif judged.detailed is not None:
        grade = judged.detailed.grade
        advice = f" {text(_sentence(grade.advice))}" if grade.advice else ""
        yield html(f"<strong>Grade {grade.grade}</strong>: {text(_sentence(grade.reason, first=False))}", advice)
        yield _naive(judged.detailed)
        if judged.detailed.note:
            yield html(f"<strong>{text(_sentence(judged.detailed.note))}</strong>")
    else:
        yield from _brief(judged.evaluation)
    if judged is not None and judged.looks is not None and judged.other_rows is None:
        yield text(_sentence(judged.looks.line))
    if judged is not None:
        for each in judged.verifications:
            yield _gates(each)
        if (compared := comparison_of(judged.verifications)) is not None:
            yield text(compared_in_words(compared))
    if report.status is not None:
        yield _deployed(report)


def _sentence(words: str, *, first: bool = True) -> str:
    words = words.strip()
    start = words[:1].upper() + words[1:] if first else words
    return start if start.endswith((".", "!", "?")) else f"{start}."


def _brief(evaluation: Evaluation) -> Iterator[Html]:
    """Say what the artifact says of itself, where there is no evaluation in full."""
    metric, headline = evaluation.headline
    rows = f"on {evaluation.rows:,} rows that training did not use{evaluation.doubt}"
    value = number(headline)
    removed = evaluation.errors_removed
    verb = f"removes {share(removed)} of" if removed >= 0 else f"adds {share(-removed)} to"
    yield text(f"Grade {evaluation.grade}: {metric} {value} {rows}; it {verb} the naive guess's errors.")


def _naive(evaluation: DetailedEvaluation) -> Html:
    naive = evaluation.naive
    removed = naive.removed.value
    guess = f"{_sentence(naive.guess)[:-1]} has {naive.figure.replace('_', ' ')} {number(naive.value)}"
    if removed is None:
        return text(f"{guess}; how much the model is better cannot be told ({naive.removed.why or 'not defined'}).")
    verb = f"removes {share(removed)} of" if removed >= 0 else f"adds {share(-removed)} to"
    known = naive.removed.interval
    within = f" (95% interval {share(known[0])} to {share(known[1])})" if known is not None else ""
    reached = {True: "is reached", False: "is not reached", None: "cannot be told apart from reached on these rows"}
    goal = f"the goal, half of them ({naive.figure.replace('_', ' ')} {number(naive.goal)}), {reached[naive.reached]}"
    return text(f"{guess}; the model {verb} its errors{within}: {goal}.")


def _gates(verification: Verification) -> Html:
    where = name(verification.environment)
    total, failed = len(verification.applied), len(verification.failures)
    if verification.passed:
        return html(f"Gates of {where}: passed {total} of {total}.")
    if not total:
        return html(f"<strong>Gates of {where}: none applies, so none passed.</strong>")
    reasons = "; ".join(str(text(reason)) for reason in verification.failures)
    return html(f"<strong>Gates of {where}: failed {failed} of {total}.</strong> {reasons}.")


def _deployed(report: ModelReport) -> Html:
    status = report.status
    assert status is not None  # noqa: S101  (asked by the caller)
    where = name(report.environment)
    if status.artifact is None:
        return html(f"Nothing is there in {where}: {text(status.reason)}.")
    since = html(" since ", day(status.since)) if status.since is not None else Html("")
    sync = _SYNC.get(status.sync, "in an unknown state")
    health = f"<strong>{status.health}</strong>" if status.health is not HealthStatus.HEALTHY else "healthy"
    is_there = "is the newest build of" if report.role == "sandbox" else "is deployed in"
    deployed = html(digest(status.artifact), f" {is_there} {where}", since)
    return html(deployed, f", {sync} and {health}: ", text(_sentence(status.reason, first=False)))


def comparison_of(verifications: Iterable[Verification]) -> Comparison | None:
    """Return the comparison with the incumbent, of the first gate that has made one."""
    results = (result for verification in verifications for result in verification.results)
    return next((result.comparison for result in results if result.comparison is not None), None)


def compared_in_words(compared: Comparison) -> str:
    """Say what the comparison on the same rows shows, and no more than it shows."""
    if compared.state is not Comparability.COMPARED or compared.difference is None:
        return _sentence(f"not compared with an incumbent: {compared.reason or compared.state}")
    low, high = compared.lower, compared.upper
    seen = "no difference is seen"
    if low is not None and low > 0:
        seen = "better"
    elif high is not None and high < 0:
        seen = "worse"
    name, moved, least, most = as_it_moved(compared.metric, compared)
    shown = interval(None, None) if low is None or high is None else interval(least, most)
    rows = f"on {compared.rows:,} rows that neither was trained on"
    return f"Against the incumbent: {seen} in {name}, by {signed(moved)} {shown}, {rows}."


def comparison(report: ModelReport) -> Html:
    """Return the section that sets the candidate over its incumbent, paired and each by itself."""
    judged = report.judged
    if judged is None:
        return Html("")
    compared = comparison_of(judged.verifications)
    if compared is None and judged.incumbent_detailed is None and judged.apart is None:
        return Html("")
    parts: list[Html] = []
    if compared is not None:
        parts.append(paragraph(text(compared_in_words(compared))))
        if compared.detectable is not None:
            words = f"So many rows would have shown a loss of {number(compared.detectable)} in four of five cases."
            parts.append(paragraph(words, kind="note"))
        if compared.metrics:
            rows = (
                (
                    name(m.metric),
                    Html(number(m.candidate)),
                    Html(number(m.incumbent)),
                    Html(signed(m.candidate - m.incumbent)),
                )
                for m in compared.metrics
            )
            parts.append(table("On the same rows", ("metric", "this one", "incumbent", "difference"), rows))
    if judged.apart is not None:
        words = f"Each by itself says nothing of the other: {judged.apart}."
        parts.append(paragraph(text(words), kind="note"))
    elif judged.detailed is not None and judged.incumbent_detailed is not None:
        parts.append(_side_by_side(judged.detailed, judged.incumbent_detailed))
    return section("incumbent", "Over the incumbent", *parts)


def _side_by_side(new: DetailedEvaluation, old: DetailedEvaluation) -> Html:
    rows = ((name(each.name), figure(each), figure(old.figure(each.name))) for each in new.figures)
    where = "the same rows" if new.evaluation_rows == old.evaluation_rows else "its own holdout, which is another one"
    return table(f"Each by itself, on {where}", ("figure", "this one", "incumbent"), rows, words=1)


def figures(evaluation: DetailedEvaluation) -> Html:
    """Return the section of the figures, with those of each class."""
    unit = evaluation.unit
    told, note = told_once(evaluation.figures)
    parts = [table("Figures with 95% intervals", ("figure", "value"), _rows(evaluation.figures, told)), note]
    if (areas := areas_of(evaluation)) is not None:
        shown, other, average = areas
        said = html("roc_auc and average_precision are of ", name(shown), "; average_precision of ", name(other), ": ")
        parts.append(paragraph(said, figure(average, told), kind="note"))
    if unit is not None and unit.transformed:
        said = html("Judged in ", name(unit.unit), "; the model itself predicts ", name(unit.predicted), ".")
        parts.insert(0, paragraph(said))
        parts.append(table("In what the model predicts", ("figure", "value"), _rows(evaluation.as_predicted, told)))
    if evaluation.classes:
        kinds = ("precision", "recall", "f1")
        rows = (
            (
                name(each.name),
                Html(f"{each.rows:,}"),
                Html(f"{each.predicted:,}"),
                *(figure(each.figure(k), told) for k in kinds),
            )
            for each in evaluation.classes
        )
        parts.append(table("By class", ("class", "rows", "predicted", "precision", "recall", "F1"), rows))
    if evaluation.distances:
        rows = (
            (Html(str(each.distance)), Html(f"{each.rows:,}"), Html(share(each.rows / max(1, evaluation.rows))))
            for each in evaluation.distances
        )
        parts.append(table("Classes between actual and predicted", ("distance", "rows", "share"), rows))
        if evaluation.order:
            said = html(
                "In the declared order, from ", name(evaluation.order[0]), " to ", name(evaluation.order[-1]), "."
            )
            parts.append(paragraph(said, kind="note"))
    if (costs := evaluation.costs) is not None:
        lines = (
            (Html("as the model predicts"), figure(costs.expected)),
            (text(evaluation.naive.guess), figure(costs.naive)),
            (Html("least, at its probabilities"), figure(costs.least)),
            (Html("saved by that"), figure(costs.saved)),
        )
        parts.append(table("Cost per record, as declared", ("decision", "cost"), lines))
    return section("figures", "Figures", *parts)


def _rows(figures: Sequence[Figure], told: str | None) -> Iterator[tuple[Html, Html]]:
    return ((name(each.name), figure(each, told)) for each in figures)


def brief_figures(evaluation: Evaluation) -> Html:
    """Return the figures that the artifact itself holds, which have no intervals."""
    rows = ((name(metric), Html(number(value))) for metric, value in evaluation.metrics if ":" not in metric)
    parts = [table("Figures of its own holdout", ("figure", "value"), rows)]
    if evaluation.classes:
        rows_of = (
            (name(c.name), Html(f"{c.rows:,}"), Html(number(c.precision)), Html(number(c.recall)), Html(number(c.f1)))
            for c in evaluation.classes
        )
        parts.append(table("By class", ("class", "rows", "precision", "recall", "F1"), rows_of))
    return section("figures", "Figures", *parts)
