"""What applying merges came to: for a person at a terminal, and as the report on each merged request."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.duration import in_words
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.promotion.merge_result import MergedPullRequest, MergeResult
from reconciler.core.promotion.reviewed_plan import DigestDepth
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import commit, count, digest
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap
from reconciler.report.plan import apply_result


def text(found: MergeResult, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _title(found: MergeResult) -> str:
    if not found.merged:
        return f"Nothing merged waits for {found.environment}"
    return f"Carried out {count(len(found.merged), 'merged change')} in {found.environment}, in {found.seconds}s"


def _lines(found: MergeResult, look: TextStyle) -> Iterator[Line]:
    for line in wrap(plain(_title(found)), look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    for one in found.merged:
        yield Line()
        for line in wrap(_where(one), look.width, rest="  "):
            yield Line(line)
        for text_line in apply_result.text(one.applied, look).splitlines():
            yield Line(text_line)
        if one.revert is not None:
            for line in wrap(plain(one.revert), look.width, first="  to go back, merge  "):
                yield Line(line, Tone.WARN)
        if one.told is not None:
            for line in wrap(plain(one.told), look.width, first="  told at  "):
                yield Line(line)


def _where(one: MergedPullRequest) -> str:
    by = f"request {one.request}" if one.request is not None else "no request"
    return f"{by}, merged as {commit(one.commit)}"


def markdown(found: MergeResult) -> str:
    lines = [f"### {prose(_title(found))}", ""]
    for one in found.merged:
        lines += [f"#### {prose(_where(one))}", "", *_body(one), ""]
    return paper(lines)


def request(environment: str, one: MergedPullRequest) -> str:
    """The report on the request itself."""
    well = all(result.exit == 0 for result in one.applied.results)
    outcome = "✅ Applied" if well else "❌ Not all applied"
    head = f"### {outcome} in {code(environment)}: {apply_result.summary(one.applied)}"
    return paper([head, "", *_body(one)])


def _took(result: ModelResult | None) -> str:
    if result is None or not result.done:
        return ""
    return in_words(result.seconds) if result.seconds >= 60 else f"{result.seconds:.1f}s"


def _body(one: MergedPullRequest) -> Iterator[str]:
    results = {result.model: result for result in one.applied.results}
    rows = []
    for status in one.status:
        result = results.get(status.model)
        done = "; ".join(result.done) if result else ""
        why = result.problem or "" if result else ""
        mark = "❌" if result is not None and result.exit else "✅"
        serves, took = f"`{digest(status.artifact)}`", _took(result)
        rows.append([mark, cell(status.model), prose(done or why), status.health.value, took, serves])
    shown = {status.model for status in one.status}
    for name, result in results.items():
        if name not in shown:
            rows.append(
                [
                    "❌" if result.exit else "✅",
                    cell(name),
                    prose("; ".join(result.done) or result.problem or ""),
                    "",
                    _took(result),
                    "",
                ]
            )
    columns = [TextColumn(name=name) for name in ("", "model", "what", "health", "took", "serves")]
    if rows:
        yield from markdown_table(columns, rows)
    for result in one.applied.results:
        if result.exit and result.remedy:
            yield ""
            yield f"- {cell(result.model)}: {prose(result.remedy)}"
    if one.depth is DigestDepth.DECLARED:
        yield ""
        yield "Its reviewers saw what git shows; gates and stores were asked when it was applied."
    if one.revert is not None:
        yield ""
        yield f"To go back, merge the branch {code(one.revert)}: it holds what git said before of what is not finished."
    yield ""
    yield f"<sub>Merged as {code(commit(one.commit))}, plan {code(one.plan)}</sub>"
