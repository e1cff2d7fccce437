"""The result of applying merged requests: for a terminal, and as the report on each request."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.duration import in_words
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.promotion.merge_result import MergedPullRequest, MergeResult
from reconciler.core.promotion.reviewed_plan import DigestDepth
from reconciler.core.status_codes import ResultStatus
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.formatting import commit, count, digest
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan import apply_result

_COLUMNS = tuple(Column(name=name) for name in ("", "model", "what", "health", "took", "serves"))

DOCUMENTS = {"apply-on-merge": (MergeResult, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(result: MergeResult, detail: Detail) -> Iterator[Block]:
    """Report on each merged request that was applied, in the order of the merges."""
    title = f"No merged pull request is waiting to be applied to {result.environment}"
    if result.merged:
        changes = count(len(result.merged), "merged change")
        title = f"Applied {changes} to {result.environment} in {result.seconds}s"
    yield Heading(title)
    for merged in result.merged:
        request = f"pull request {merged.request}" if merged.request is not None else "no pull request"
        place = f"{request}, merged as {commit(merged.commit)}"
        yield GAP
        if detail is Detail.PAGE:
            yield Heading(place, level=4)
            yield from _outcome(merged)
            continue
        yield Paragraph(place, hang=2)
        yield from apply_result.blocks(merged.applied, detail)
        next_steps = [Item(merged.revert, label="to revert, merge", tone=Tone.WARN)] if merged.revert else []
        next_steps += [Item(merged.told, label="reported at")] if merged.told else []
        yield Items(tuple(next_steps))


def request_blocks(environment: str, merged: MergedPullRequest) -> Iterator[Block]:
    """Report on one request, to be posted on it."""
    complete = all(result.status is ResultStatus.CLEAN for result in merged.applied.results)
    outcome = Literal("✅ Applied" if complete else "❌ Not all applied")
    yield Heading((outcome, " in ", Code(environment), ": ", apply_result.summary(merged.applied)))
    yield from _outcome(merged)


def _outcome(merged: MergedPullRequest) -> Iterator[Block]:
    """Show what was done to each model, what to do about failures, and the way back."""
    results = {result.model: result for result in merged.applied.results}
    rows = []
    for status in merged.status:
        serves = Code(digest(status.artifact))
        rows.append(_row(status.model, results.get(status.model), status.health.value, serves))
    known = {status.model for status in merged.status}
    rows += [_row(name, result, "", "") for name, result in results.items() if name not in known]
    if rows:
        yield DataTable(_COLUMNS, tuple(rows))
    for result in merged.applied.results:
        if result.status is not ResultStatus.CLEAN and result.remedy:
            yield Items((Item(result.remedy, label=Code(result.model)),))
    if merged.depth is DigestDepth.DECLARED:
        yield Paragraph("The reviewers saw only the changes in git; gates and stores were checked at apply.")
    if merged.revert is not None:
        content = ": it restores the previous manifests of the models that are not finished."
        yield Paragraph(("To revert, merge the branch ", Code(merged.revert), content))
    yield Paragraph(("Merged as ", Code(commit(merged.commit)), ", plan ", Code(merged.plan)), small=True)


def _row(model: str, result: ModelResult | None, health: str, serves: Words) -> Row:
    mark = Literal("❌" if result is not None and result.status is not ResultStatus.CLEAN else "✅")
    done = ("; ".join(result.done) or result.problem or "") if result is not None else ""
    return Row((mark, Code(model), done, Literal(health), Literal(_duration(result)), serves))


def _duration(result: ModelResult | None) -> str:
    if result is None or not result.done:
        return ""
    return in_words(result.seconds) if result.seconds >= 60 else f"{result.seconds:.1f}s"
