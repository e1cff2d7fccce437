"""Gates with their numbers: each result is a verdict in a word and its reason on one line."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.spec.gates import GateStatus, Verification
from reconciler.report.layout.escaping import plain, prose
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, wrap

_WORDS = {GateStatus.PASSED: "pass", GateStatus.REFUSED: "REFUSE"}


def summary(verification: Verification) -> str:
    """`passed 4 of 4`, or `refused by 1 of 4`."""
    total, refused = len(verification.results), len(verification.refusals)
    if verification.passed:
        return f"passed {total} of {total}"
    return f"refused by {refused} of {total}" if total else "no gate was asked, so none was passed"


def lines(verification: Verification, look: TextStyle, *, indent: str = "    ") -> Iterator[Line]:
    tone = Tone.GOOD if verification.passed else Tone.BAD
    yield Line(f"{indent}gates of {plain(verification.environment)}: {summary(verification)}", tone)
    for result in verification.results:
        passed = result.verdict is GateStatus.PASSED
        first = f"{indent}  {_WORDS[result.verdict]:<7}"
        text = f"{result.gate.uses}: {plain(result.reason)}"
        for line in wrap(text, look.width, first=first):
            yield Line(line, Tone.PLAIN if passed else Tone.BAD)


def markdown(verification: Verification) -> list[str]:
    """A list, refusals first: what a reviewer must not overlook comes before what is well."""
    results = sorted(verification.results, key=lambda one: one.verdict is GateStatus.PASSED)
    head = f"Gates of `{plain(verification.environment)}`: **{summary(verification)}**"
    items = [
        f"- {'✅' if one.verdict is GateStatus.PASSED else '❌ **refused**'} `{one.gate.uses}`: {prose(one.reason)}"
        for one in results
    ]
    return [head, "", *items]


def counted(verification: Verification) -> str:
    return count(len(verification.results), "gate")
