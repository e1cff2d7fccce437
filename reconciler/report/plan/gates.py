"""Gates with their numbers: for each its result in a word, and its reason."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.spec.gates import GateResult, GateStatus, Verification
from reconciler.report.layout.blocks import Block, Code, Detail, Either, Item, Items, Literal, Paragraph, Strong
from reconciler.report.layout.text_layout import Tone


def summary(verification: Verification) -> str:
    """Return `passed 4 of 4`, or `failed 1 of 4`."""
    total, failed = len(verification.applied), len(verification.failures)
    if verification.passed:
        return f"passed {total} of {total}"
    return f"failed {failed} of {total}" if total else "no gate applies, so none passed"


def blocks(verification: Verification, detail: Detail) -> Iterator[Block]:
    """List the results of the gates; a page has failed ones first, as a reviewer must not overlook them."""
    results = list(verification.results)
    if detail is Detail.PAGE:
        results.sort(key=lambda result: _ON_A_PAGE.index(result.verdict))
    yield Paragraph(
        (Either("gates", "Gates"), " of ", Code(verification.environment), ": ", Strong(summary(verification))),
        tone=Tone.GOOD if verification.passed else Tone.BAD,
        indent=4,
    )
    if results:
        yield Items(tuple(map(_item, results)), indent=6, label_width=6, gap=" ")


_ON_A_PAGE = (GateStatus.REFUSED, GateStatus.PASSED, GateStatus.NOT_APPLICABLE)


def _item(result: GateResult) -> Item:
    words = (Code(result.gate.uses), ": ", result.reason)
    if result.verdict is GateStatus.PASSED:
        return Item(words, label=Either("pass", Literal("✅")), joint=" ")
    if result.verdict is GateStatus.NOT_APPLICABLE:
        return Item(words, label=Either("n/a", Literal("➖")), joint=" ", tone=Tone.DIM)
    return Item(words, label=Either("FAIL", (Literal("❌ "), Strong("failed"))), joint=" ", tone=Tone.BAD)
