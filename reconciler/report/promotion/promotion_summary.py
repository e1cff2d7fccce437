"""The body of a promotion's pull request: the verdict first, then what a reviewer needs and a diff of files hides."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.promotion.promotion_summary import ArtifactOrigin, PromotionSummary
from reconciler.core.spec.gates import Comparability, Comparison
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.escaping import cell, code, paper, prose
from reconciler.report.layout.formatting import change, commit, count, day, metric, moment
from reconciler.report.layout.render_markdown import markdown_lines
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import TextStyle, elide
from reconciler.report.plan import gates
from reconciler.report.promotion import evaluation
from reconciler.report.promotion.config_diff import OUTCOME

MOST_CHANGES = 60
LONGEST = 300  # cells of one value
LARGEST_FOLD = 8_000  # characters
_LOOK = TextStyle()


def title(found: PromotionSummary) -> str:
    return f"Promote {found.model} to {found.environment}: {short(found.artifact)}"


def markdown(found: PromotionSummary) -> str:
    lines = [*_verdict(found), *_changes(found), *_numbers(found), *_gates(found), *_data(found)]
    lines += [*_runtime(found), *_lineage(found), *_back(found)]
    return paper(lines)


def _verdict(found: PromotionSummary) -> Iterator[str]:
    if found.verification is None:
        verdict = f"**{found.environment} served this artifact before**: it needs no judgement"
    elif found.verification.passed:
        verdict = f"**Passed all {count(len(found.verification.results), 'gate')}** of {code(found.environment)}"
    else:
        verdict = f"**Refused** by {found.environment}"
    name, value = evaluation.headline(found.candidate.evaluation)
    facts = [verdict, f"grade {found.candidate.evaluation.grade}", f"`{name}` {metric(value)}"]
    if (main := _main(found)) is not None:
        facts.append(_delta(main))
    yield "### " + code(found.model) + f" for {code(found.environment)}: {_step(found)}"
    yield ""
    yield " · ".join(facts)
    yield ""
    if found.description:
        yield prose(found.description) + (f" (owner: {prose(found.owner)})" if found.owner else "")
        yield ""
    if found.difference is not None and found.difference.outcome:
        yield f"> **{prose(OUTCOME)}**"
        yield ""


def _step(found: PromotionSummary) -> str:
    new = f"`{short(found.artifact)}`"
    return f"`{short(found.incumbent.provenance.artifact)}` → {new}" if found.incumbent else f"first artifact {new}"


def _comparisons(found: PromotionSummary) -> list[Comparison]:
    results = found.verification.results if found.verification is not None else ()
    return [one.comparison for one in results if one.comparison is not None]


def _main(found: PromotionSummary) -> Comparison | None:
    return next((one for one in _comparisons(found) if one.state is Comparability.COMPARED), None)


def _delta(one: Comparison) -> str:
    moved = f"`{one.metric}` {one.difference:+.3f}" if one.difference is not None else ""
    return f"{moved} against the incumbent on the same {count(one.rows, 'row')} [{one.lower:+.3f}, {one.upper:+.3f}]"


def _changes(found: PromotionSummary) -> Iterator[str]:
    yield "#### What changes"
    yield ""
    one = found.difference
    if one is None:
        yield "Nothing but the artifact: the declared recipe and gates are the same."
        yield ""
        return
    if one.only == "new":
        yield f"{code(found.environment)} declares this model for the first time."
        yield ""
        return
    if not one.changes and not one.gates:
        yield "Only the artifact: recipe and gates are the same, it was made from other data or with another runtime."
        yield ""
    for name, changes in (("recipe", one.changes), ("gates", one.gates)):
        if changes:
            columns = [TextColumn(name=name), TextColumn(name="before"), TextColumn(name="after")]
            rows = [[cell(each.path), _value(each.old), _value(each.new)] for each in changes[:MOST_CHANGES]]
            yield from markdown_table(columns, rows)
            if (left := len(changes) - MOST_CHANGES) > 0:
                yield f"and {count(left, 'more field')}"
            yield ""


def _value(text: str | None) -> str:
    return cell(elide(text, LONGEST, _LOOK)) if text is not None else ""


def _numbers(found: PromotionSummary) -> Iterator[str]:
    yield "#### How good it is"
    yield ""
    main = _main(found)
    if main is not None and main.metrics:
        yield f"On the same {count(main.rows, 'row')}, which neither model was trained on:"
        yield ""
        rows = [
            [
                f"`{one.metric}`",
                metric(one.candidate),
                metric(one.incumbent),
                _moved(one.metric, one.candidate, one.incumbent),
            ]
            for one in main.metrics
            if ":" not in one.metric
        ]
        columns = [
            TextColumn(name="metric"),
            *(TextColumn(name=name, right=True) for name in ("candidate", "incumbent", "change")),
        ]
        yield from markdown_table(columns, rows)
    else:
        before = found.incumbent.evaluation if found.incumbent is not None else None
        yield from evaluation.metrics(found.candidate.evaluation, before)
        if before is not None:
            yield ""
            yield f"Each on its own holdout: {_why_not_paired(found)}."
    yield ""
    yield evaluation.naive(found.candidate.evaluation)
    yield ""
    if found.candidate.evaluation.classes:
        yield from _folded("By class, and what it mistakes for what", _classes(found.candidate))
    if found.candidate.evaluation.influences:
        yield from _folded("Most influential data", evaluation.influences(found.candidate.evaluation))


def _moved(name: str, new: float, old: float) -> str:
    return " ".join(change(name, new, old)).strip()


def _why_not_paired(found: PromotionSummary) -> str:
    reasons = [one.reason or one.state.value for one in _comparisons(found)]
    return prose(reasons[0]) if reasons else "no gate compares the two on the same rows"


def _classes(origin: ArtifactOrigin) -> list[str]:
    return [*evaluation.classes(origin.evaluation), "", *evaluation.confusion(origin.evaluation)]


def _folded(name: str, body: list[str]) -> Iterator[str]:
    if sum(map(len, body)) > LARGEST_FOLD:
        yield f"{name}: too long for here, see the model's card in this request."
        yield ""
        return
    yield f"<details><summary>{name}</summary>"
    yield ""
    yield from body
    yield ""
    yield "</details>"
    yield ""


def _gates(found: PromotionSummary) -> Iterator[str]:
    if found.verification is None:
        return
    yield "#### Gates"
    yield ""
    yield from markdown_lines(gates.blocks(found.verification, Detail.PAGE))
    yield ""


def _data(found: PromotionSummary) -> Iterator[str]:
    made, seen = found.candidate.provenance, found.candidate.evaluation
    yield "#### Data"
    yield ""
    taken = f"the books of {made.as_of}, taken {moment(made.taken)}"
    yield f"- snapshot {made.snapshot} of {code(made.environment)}, {taken}"
    judged = f"from {seen.holdout_from} on" if seen.holdout_from else "chosen at random by key"
    yield f"- trained on {count(seen.training_rows, 'row')}, judged on {count(seen.rows, 'row')} {judged}"
    for table in found.tables:
        yield f"- {code(table.name)}: {count(table.rows, 'row')}, `{short(table.digest)}`"
    if found.incumbent is not None:
        before = found.incumbent
        yield (
            f"- the incumbent: the books of {before.provenance.as_of}, "
            f"trained on {count(before.evaluation.training_rows, 'row')}"
        )
    yield ""


def _runtime(found: PromotionSummary) -> Iterator[str]:
    yield "#### Runtime"
    yield ""
    versions = ", ".join(f"{name} {version}" for name, version in found.candidate.provenance.runtime.versions)
    if found.incumbent is not None and not found.runtime:
        yield f"The same as the incumbent's: {prose(versions)}."
    else:
        yield f"{prose(versions)} on {prose(found.candidate.provenance.runtime.architecture)}."
    for one in found.runtime:
        yield f"- {code(one.path)}: {prose(one.old or 'nothing')} → {prose(one.new or 'nothing')}"
    yield ""


def _lineage(found: PromotionSummary) -> Iterator[str]:
    made = found.candidate.provenance
    yield "#### Where it comes from"
    yield ""
    at = f"commit {code(commit(made.commit))}" if made.commit else "a work tree"
    yield f"Trained in {code(made.environment)} on {day(made.finished)} from {at}, by {prose(made.who)}."
    yield ""
    yield f"- artifact `{made.artifact}`"
    yield f"- fingerprint `{made.fingerprint}`"
    yield "- the same bytes again: " + code(f"reconciler reproduce {made.artifact}")
    yield ""


def _back(found: PromotionSummary) -> Iterator[str]:
    yield "#### The way back"
    yield ""
    if found.entry is None:
        yield "Nothing was deployed before: revert this request's merge, and the model is retired as the policy says."
        return
    yield "Old bytes, old evidence, no training:"
    yield ""
    yield "```"
    yield f"reconciler rollback {found.model} --in {found.environment} --to {found.entry}"
    yield "```"
