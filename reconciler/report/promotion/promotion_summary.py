"""A promotion for its reviewers: the gates' result first, then all that they need and a diff of files does not show."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.evaluation.brief import command_for, in_brief, within
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.promotion.promotion_summary import PromotionSummary
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.comparison import Comparability, Comparison, Seen
from reconciler.core.spec.gates.known_figures import as_it_moved
from reconciler.report.evaluation import figures
from reconciler.report.evaluation import tables as evaluation
from reconciler.report.layout.blocks import (
    ARROW,
    Block,
    Code,
    CodeBlock,
    Detail,
    Fold,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Quote,
    Strong,
    Words,
    joined,
)
from reconciler.report.layout.formatting import commit, count, day, metric, moment
from reconciler.report.layout.render_markdown import markdown_lines
from reconciler.report.plan import checks, gates
from reconciler.report.plan.field_changes import changes_list, changes_table
from reconciler.report.promotion.config_diff import OUTCOME

MOST_CHANGES = 60
LONGEST = 300  # cells of one value
LARGEST_FOLD = 8_000  # characters


def title(summary: PromotionSummary) -> str:
    return f"Promote {summary.model} to {summary.environment}: {short(summary.artifact)}"


def blocks(summary: PromotionSummary) -> Iterator[Block]:
    """Report on the promotion, as a part of a pull request's body."""
    yield from _result(summary)
    yield from _changes(summary)
    yield from _numbers(summary)
    if summary.verification is not None:
        yield Heading("Gates", level=4)
        yield from gates.blocks(summary.verification, Detail.PAGE)
    if summary.checks is not None:
        yield Heading("Checks before training", level=4)
        yield from _checks(summary.checks, summary.environment)
    yield from _data(summary)
    yield from _runtime(summary)
    yield from _lineage(summary)
    yield from _rollback(summary)


def _result(summary: PromotionSummary) -> Iterator[Block]:
    environment, artifact = Code(summary.environment), Code(short(summary.artifact))
    if summary.verification is None:
        result: Words = (
            Strong(f"{summary.environment} deployed this artifact before"),
            ": its gates are not evaluated again",
        )
    elif summary.verification.passed:
        passed = f"Passed all {count(len(summary.verification.applied), 'gate')}"
        result = (Strong(passed), " of ", environment)
    else:
        result = (Strong("Refused"), f" by {summary.environment}")
    step: Words = ("first artifact ", artifact)
    if summary.incumbent:
        step = (Code(short(summary.incumbent.provenance.artifact)), " ", ARROW, " ", artifact)
    brief = in_brief(summary.detailed) if summary.detailed is not None else None
    name, value = summary.candidate.evaluation.headline
    headline: Words = (Code(name), " ", Literal(metric(value)), summary.unit)
    facts = [result, f"grade {summary.candidate.evaluation.grade}", headline]
    if brief is not None:
        facts = [
            result,
            f"grade {brief.grade.grade}",
            (Code(brief.headline.name), " ", Literal(within(brief.headline))),
        ]
        facts.append(Literal(brief.removed))
    if summary.candidate.evaluation.doubt:
        facts.append(f"{count(summary.candidate.evaluation.rows, 'row')}{summary.candidate.evaluation.doubt}")
    if (main := _main(summary)) is not None:
        facts.append(_difference(main))
    yield Heading((Code(summary.model), " for ", environment, ": ", step))
    yield Paragraph(joined(facts, " · "))
    if summary.description:
        owner = f" (owner: {summary.owner})" if summary.owner else ""
        yield Paragraph(f"{summary.description}{owner}")
    if summary.difference is not None and summary.difference.outcome:
        yield Quote(Strong(OUTCOME))


def _comparisons(summary: PromotionSummary) -> list[Comparison]:
    results = summary.verification.results if summary.verification is not None else ()
    return [result.comparison for result in results if result.comparison is not None]


def _main(summary: PromotionSummary) -> Comparison | None:
    return next(
        (comparison for comparison in _comparisons(summary) if comparison.state is Comparability.COMPARED), None
    )


def _difference(comparison: Comparison) -> Words:
    name, moved, least, most = as_it_moved(comparison.metric, comparison)
    rows = f" against the incumbent on the same {count(comparison.rows, 'row')} "
    told = ": no difference seen" if comparison.seen is Seen.NOTHING else ""
    figure: Words = (Code(name), Literal(f" {moved:+.3f}"))
    return (figure, rows, Literal(f"(95% interval {least:+.3f} to {most:+.3f})"), told)


def _changes(summary: PromotionSummary) -> Iterator[Block]:
    yield Heading("What changes", level=4)
    difference = summary.difference
    if difference is None:
        yield Paragraph("Only the artifact: the declared recipe and gates are the same.")
        return
    if difference.only == "new":
        yield Paragraph((Code(summary.environment), " declares this model for the first time."))
        return
    judged = difference.evaluation or ()
    if not difference.changes and not difference.gates and not judged:
        yield Paragraph(
            "Only the artifact: recipe and gates are the same; the data or the runtime of the training differ."
        )
    for kind, changes in (("recipe", difference.changes), ("gates", difference.gates), ("evaluation", judged)):
        if changes:
            yield changes_table(kind, changes[:MOST_CHANGES], old="before", new="after", longest=LONGEST)
        if (left := len(changes) - MOST_CHANGES) > 0:
            yield Paragraph(f"and {count(left, 'more field')}")


def _numbers(summary: PromotionSummary) -> Iterator[Block]:
    yield Heading("Metrics", level=4)
    candidate = summary.candidate.evaluation
    main = _main(summary)
    if main is not None and main.metrics:
        yield Paragraph(f"On the same {count(main.rows, 'row')}, which neither model was trained on:")
        whole = (row for row in main.metrics if ":" not in row.metric)
        words = evaluation.seen(_comparisons(summary))
        yield evaluation.comparison(((row.metric, row.candidate, row.incumbent) for row in whole), words)
    else:
        incumbent = summary.incumbent if summary.apart is None else None
        before = incumbent.evaluation if incumbent is not None else None
        yield evaluation.metrics(candidate, before, {})
        if summary.unit:
            yield Paragraph(f"These figures are{summary.unit}, which the model predicts.")
        if summary.apart is not None:
            yield Paragraph(f"The incumbent's figures do not stand beside these: {summary.apart}.")
        if before is not None:
            reasons = [comparison.reason or comparison.state.value for comparison in _comparisons(summary)]
            reason = reasons[0] if reasons else "no gate compares the two on the same rows"
            yield Paragraph(f"Each on its own holdout: {reason}.")
    if summary.detailed is None:
        yield Paragraph(evaluation.naive(candidate))
    else:
        yield Paragraph(figures.naive(summary.detailed))
    if summary.looks is not None:
        yield Paragraph(f"{summary.looks.line[:1].upper()}{summary.looks.line[1:]}.")
    yield from _in_full(summary)
    if candidate.classes:
        body = (evaluation.classes(candidate), evaluation.confusion(candidate))
        yield _fold("By class, with the confusion matrix", *body)
    if candidate.influences and summary.detailed is None:
        yield _fold(f"Most important features ({evaluation.ROUGH})", evaluation.influences(candidate))


def _in_full(summary: PromotionSummary) -> Iterator[Block]:
    """Give the grade with its reason and what to do; and the evaluation in full, where somebody asked for it."""
    detailed = summary.detailed
    reason = detailed.grade if detailed is not None else reason_of(summary.candidate.evaluation)
    by_bands = summary.candidate.evaluation.grade
    gates_judge = f" (gates judge by its own evaluation, grade {by_bands})" if by_bands is not reason.grade else ""
    told = f"{gates_judge}: {reason.reason}. What to do: {reason.advice}."
    yield Paragraph((Strong(f"Grade {reason.grade}"), told))
    if detailed is None:
        command = Code(command_for(summary.model, summary.candidate.provenance.environment))
        yield Paragraph(("No evaluation in full (intervals, slices, influence) is recorded: ", command, " makes it."))
        return
    yield _fold("Figures with 95% intervals", *figures.table(detailed.figures, detailed.naive))
    if detailed.costs is not None:
        costs = figures.costs(detailed.costs, detailed.naive.guess)
        yield _fold("Costs per record, as declared", costs, Paragraph(figures.saving(detailed.costs)))
    yield _fold("Worst slices", *figures.all_slices(detailed))
    yield _fold("Influence of each feature", *figures.influence(detailed.influence))


def _fold(title: str, *body: Block) -> Block:
    if sum(map(len, markdown_lines(body))) > LARGEST_FOLD:
        return Paragraph(f"{title}: too long for here, see the model's card in this request.")
    return Fold(title, body)


def _checks(found: CheckFacts, environment: str) -> Iterator[Block]:
    if refusing := len(found.refusing):
        reason = f" refuses it: {count(refusing, 'error')} of the checks {'is' if refusing == 1 else 'are'} on"
        yield Paragraph(Strong((Code(environment), reason)))
    yield from checks.blocks(found)


def _data(summary: PromotionSummary) -> Iterator[Block]:
    provenance, evaluation = summary.candidate.provenance, summary.candidate.evaluation
    rows = f"from {evaluation.holdout_from} on" if evaluation.holdout_from else "chosen at random by key"
    taken = f", data as of {provenance.as_of}, taken {moment(provenance.taken)}"
    trained, held_out = count(evaluation.training_rows, "row"), count(evaluation.rows, "row")
    items = [
        Item((f"snapshot {provenance.snapshot} of ", Code(provenance.environment), taken)),
        Item(f"trained on {trained}, evaluated on {held_out} {rows}"),
    ]
    items += (
        Item((f"{count(table.rows, 'row')}, ", Code(short(table.digest))), label=Code(table.name))
        for table in summary.tables
    )
    if summary.incumbent is not None:
        before = summary.incumbent
        trained = count(before.evaluation.training_rows, "row")
        items.append(Item(f"the incumbent: data as of {before.provenance.as_of}, trained on {trained}"))
    yield Heading("Data", level=4)
    yield Items(tuple(items))


def _runtime(summary: PromotionSummary) -> Iterator[Block]:
    yield Heading("Runtime", level=4)
    runtime = summary.candidate.provenance.runtime
    versions = ", ".join(f"{name} {version}" for name, version in runtime.versions)
    if summary.incumbent is not None and not summary.runtime:
        yield Paragraph(f"The same as the incumbent's: {versions}.")
    else:
        yield Paragraph(f"{versions} on {runtime.architecture}.")
    if summary.runtime:
        yield changes_list("", summary.runtime, tight=True)


def _lineage(summary: PromotionSummary) -> Iterator[Block]:
    provenance = summary.candidate.provenance
    source: Words = ("commit ", Code(commit(provenance.commit))) if provenance.commit else "a work tree"
    trained = ("Trained in ", Code(provenance.environment), f" on {day(provenance.finished)} from ", source)
    yield Heading("Provenance", level=4)
    yield Paragraph((*trained, ", by ", provenance.who, "."))
    yield Items(
        (
            Item(Code(provenance.artifact), label="artifact", joint=" "),
            Item(Code(provenance.fingerprint), label="fingerprint", joint=" "),
            Item(Code(f"reconciler reproduce {provenance.artifact}"), label="to reproduce it"),
        )
    )


def _rollback(summary: PromotionSummary) -> Iterator[Block]:
    yield Heading("Rollback", level=4)
    if summary.entry is None:
        yield Paragraph(
            "No artifact was deployed before. To undo, revert the merge of this request: the model is then no longer "
            "declared, and `policy.prune` of the environment says whether it is retired."
        )
        return
    yield Paragraph("To deploy the previous artifact again, without training:")
    yield CodeBlock((f"reconciler rollback {summary.model} --in {summary.environment} --to {summary.entry}",))
