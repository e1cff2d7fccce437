"""Figures with their intervals, slices and influence as tables; what has no interval says why once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.figures import CostReport, Figure, InfluenceReport, Slice
from reconciler.core.evaluation.grade_reason import NaiveGuess
from reconciler.report.layout.blocks import (
    Bar,
    Block,
    Code,
    Column,
    DataTable,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Words,
    joined,
)
from reconciler.report.layout.formatting import count, metric
from reconciler.report.layout.text_layout import Tone

MOST_SLICES, MOST_FEATURES, MOST_DECLARED = 5, 12, 10
_BAR = 10


def value(figure: Figure | None) -> str:
    """Return a figure's value: `0.678`, or a dash."""
    return metric(figure.value if figure is not None else None)


def interval(figure: Figure | None) -> str:
    """Return a figure's interval: `0.605 to 0.744`, or nothing."""
    around = figure.interval if figure is not None else None
    return f"{metric(around[0])} to {metric(around[1])}" if around is not None else ""


def with_interval(figure: Figure) -> str:
    """Return a figure in a sentence: `0.678 (0.605 to 0.744)`."""
    around = interval(figure)
    return f"{value(figure)} ({around})" if around else value(figure)


def table(figures: Iterable[Figure], naive: NaiveGuess | None = None) -> Iterator[Block]:
    """Show one figure a row, beside what the naive guess gets and the goal; then why some have no interval."""
    shown = list(figures)
    columns = [Column(name="figure"), Column(name="value", right=True), Column(name=Literal("95% interval"))]
    if naive is not None:
        columns += (Column(name="naive guess", right=True, spare=2), Column(name="goal", right=True, spare=1))
    rows = []
    for figure in shown:
        cells: list[Words] = [Code(figure.name), Literal(value(figure)), Literal(interval(figure))]
        if naive is not None:
            beside = figure.name == naive.figure
            cells += (Literal(metric(naive.value) if beside else ""), Literal(metric(naive.goal) if beside else ""))
        rows.append(Row(tuple(cells)))
    yield DataTable(tuple(columns), tuple(rows), heading=Tone.DIM)
    yield from whys(shown)


def whys(figures: Iterable[Figure]) -> Iterator[Block]:
    """Say, once for each reason, which figures have no interval."""
    reasons: dict[str, list[str]] = {}
    for figure in figures:
        if figure.why is not None:
            reasons.setdefault(figure.why, []).append(figure.name)
    if reasons:
        items = (Item((joined(map(Code, names), ", "), f": {why}"), hang=2) for why, names in reasons.items())
        yield Items(tuple(items), tight=True)


def naive(detailed: DetailedEvaluation) -> str:
    """Return the sentence on the naive guess, and whether half of its errors are removed."""
    guess, removed = detailed.naive, detailed.naive.removed
    told = f"{_capital(guess.guess)} gets {guess.figure} {metric(guess.value)} on the same rows"
    if removed.value is None:
        return f"{told}; {removed.why}."
    verb = "removes" if removed.value >= 0 else "adds"
    share = abs(removed.value)
    around = removed.interval
    interval = f" (95% interval {around[0]:.0%} to {around[1]:.0%})" if around is not None else ""
    told = f"{told}; the model {verb} {share:.0%} of its errors{interval}"
    goal = f"the goal is half, {guess.figure} {metric(guess.goal)}"
    if guess.reached is None:
        return f"{told}; {goal}: these rows cannot tell whether it is reached."
    return f"{told}; {goal}: {'reached' if guess.reached else 'not reached'}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def slices(found: tuple[Slice, ...], left_out: int, most: int = MOST_SLICES) -> Iterator[Block]:
    """Show the worst slices; `worse` only where they are told apart from all other rows."""
    shown = found[:most]
    if not shown:
        few = f": {count(left_out, 'value')} of features had too few rows" if left_out else ""
        yield Paragraph(f"No slices{few}.", tone=Tone.DIM)
        return
    name = shown[0].gap.name
    columns = (
        Column(name="slice"),
        Column(name="rows", right=True, spare=1),
        Column(name=Literal(name), right=True),
        Column(name=Literal("95% interval"), spare=2),
        Column(name="against all other rows"),
    )
    rows = []
    for each in shown:
        first = each.figures[0]
        cells = (value(first), interval(first), gap(each))
        rows.append(Row((Code(each.name), Literal(f"{each.rows:,}"), *map(Literal, cells))))
    yield DataTable(columns, tuple(rows), heading=Tone.DIM)
    more = len(found) - len(shown)
    told = [f"{count(more, 'more slice')}"] if more else []
    told += [f"{count(left_out, 'value')} with too few rows"] if left_out else []
    if told:
        yield Paragraph(f"and {', '.join(told)}", tone=Tone.DIM, indent=2, tight=True)


def all_slices(detailed: DetailedEvaluation, most: int = MOST_SLICES) -> Iterator[Block]:
    """Show the declared slices, the worst first, and the worst of the others; say why a declared one is missing."""
    declared = tuple(each for each in detailed.slices if each.column in detailed.sliced_by)
    others = tuple(each for each in detailed.slices if each.column not in detailed.sliced_by)
    if declared:
        yield from slices(declared, 0, max(most, MOST_DECLARED))
    seen = {each.column for each in declared}
    if missing := [name for name in detailed.sliced_by if name not in seen]:
        told = (joined(map(Code, missing), ", "), ": no value has enough rows, or all rows have the same")
        yield Paragraph(told, tone=Tone.DIM, indent=2, hang=2, tight=True)
    if declared and others:
        yield Paragraph("By the features:", tone=Tone.DIM, indent=2, tight=True)
    if others or not declared:
        yield from slices(others, detailed.slices_left_out, most)


def costs(report: CostReport, guess: str) -> DataTable:
    """Show what the model, the naive guess and deciding by cost would cost per record."""
    columns = (Column(name=""), Column(name="cost", right=True), Column(name=Literal("95% interval"), spare=1))
    rows = (
        Row((told, Literal(value(figure)), Literal(interval(figure))))
        for told, figure in (
            ("as the model predicts", report.expected),
            (Literal(guess), report.naive),
            ("least, at its probabilities", report.least),
        )
    )
    return DataTable(columns, tuple(rows), heading=Tone.DIM)


def saving(report: CostReport) -> str:
    """Say whether deciding by cost, instead of by the likeliest class, is seen to cost less on these rows."""
    saved = report.saved
    if saved.interval is None:
        return f"Whether predicting the cheapest class at its probabilities saves anything: not known, {saved.why}."
    if saved.holds(0.0):
        return f"Predicting the cheapest class at its probabilities: no difference seen ({interval(saved)} saved)."
    verb = "saves" if (saved.value or 0.0) > 0 else "costs"
    low, high = sorted(map(abs, saved.interval))
    return (
        f"Predicting the cheapest class at its probabilities {verb} {metric(abs(saved.value or 0.0))} a record "
        f"({metric(low)} to {metric(high)})."
    )


def gap(each: Slice) -> str:
    """Return how a slice compares with all other rows: `0.27 worse`, or that no difference is seen."""
    if not each.distinct or each.gap.value is None:
        return "no difference seen"
    return f"{metric(abs(each.gap.value))} {'worse' if each.gap.value > 0 else 'better'}"


def influence(report: InfluenceReport, most: int = MOST_FEATURES) -> Iterator[Block]:
    """Show the features whose influence is told apart from nothing; name the others as what they are."""
    seen = [each for each in report.features if each.distinct]
    unseen = [each.feature for each in report.features if not each.distinct]
    if seen:
        largest = max(each.drop for each in seen)
        columns = (
            Column(name="feature"),
            Column(name="loss when shuffled", right=True),
            Column(name=Literal("95% interval"), spare=1),
            Column(name="", spare=2),
        )
        rows = (
            Row(
                (
                    Code(each.feature),
                    Literal(metric(each.drop)),
                    Literal(f"{metric(each.low)} to {metric(each.high)}"),
                    Bar(each.drop / largest, _BAR),
                )
            )
            for each in seen[:most]
        )
        yield DataTable(columns, tuple(rows), heading=Tone.DIM)
    if len(seen) > most:
        yield Paragraph(f"and {count(len(seen) - most, 'more feature')} with less", tone=Tone.DIM, indent=2, tight=True)
    if unseen:
        names = joined(map(Code, unseen[:most]), ", ")
        more = f" and {len(unseen) - most:,} more" if len(unseen) > most else ""
        yield Paragraph(("No effect seen: ", names, more), indent=2, hang=2, tight=True)
    order = "" if report.resolved else "; the order of near ones is not certain"
    left = f"; {count(report.left_out, 'feature')} of this wide table not looked at" if report.left_out else ""
    told = f"{report.figure} on {count(report.rows, 'row')}, {report.repeats} shuffles each{order}{left}"
    yield Paragraph(told, tone=Tone.DIM, indent=2, hang=2, tight=True)
