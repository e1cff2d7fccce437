"""Gates with their numbers: for each its result in a word, and its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.spec.gates import GateResult, GateStatus, Verification
from reconciler.report.layout.blocks import Block, Code, Detail, Either, Item, Items, Literal, Paragraph, Strong, Words
from reconciler.report.layout.text_layout import Tone


def summary(verification: Verification) -> str:
    """Return `passed 4 of 4`, or `failed 1 of 4`."""
    total, failed = len(verification.applied), len(verification.failures)
    if verification.passed:
        return f"passed {total} of {total}"
    return f"failed {failed} of {total}" if total else "no gate applies, so none passed"


def blocks(
    verification: Verification, detail: Detail, files: Sequence[str] = (), *, whose: str = "for"
) -> Iterator[Block]:
    """List the results of the gates; a page has failed ones first, as a reviewer must not overlook them.

    `files`: where the gate of each result is declared, where that is known. `whose`: the word before the environment.
    """
    places = dict.fromkeys(files)
    alone = next(iter(places)) if len(places) == 1 else None
    shown = files if len(places) > 1 else ("",) * len(verification.results)
    results = list(zip(verification.results, shown, strict=True))
    if detail is Detail.PAGE:
        results.sort(key=lambda result: _ON_A_PAGE.index(result[0].verdict))
    where: Words = (" (", Code(alone), ")") if alone is not None else ""
    environment = Code(verification.environment)
    yield Paragraph(
        (Either("gates", "Gates"), f" {whose} ", environment, where, ": ", Strong(summary(verification))),
        tone=Tone.GOOD if verification.passed else Tone.BAD,
        indent=4,
    )
    if results:
        yield Items(tuple(_item(result, file) for result, file in results), indent=6, label_width=6, gap=" ")


_ON_A_PAGE = (GateStatus.REFUSED, GateStatus.PASSED, GateStatus.NOT_APPLICABLE)


def _item(result: GateResult, file: str) -> Item:
    where: Words = (" (", Code(file), ")") if file else ""
    words = (Code(result.gate.uses), ": ", result.reason, where)
    if result.verdict is GateStatus.PASSED:
        return Item(words, label=Either("pass", Literal("✅")), joint=" ")
    if result.verdict is GateStatus.NOT_APPLICABLE:
        return Item(words, label=Either("n/a", Literal("➖")), joint=" ", tone=Tone.DIM)
    return Item(words, label=Either("FAIL", (Literal("❌ "), Strong("failed"))), joint=" ", tone=Tone.BAD)
