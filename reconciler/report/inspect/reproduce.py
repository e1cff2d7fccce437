"""Reproduce: did the same inputs give the same bytes?"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.audit import ReproduceResult
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap


def text(found: ReproduceResult, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _lines(found: ReproduceResult, look: TextStyle) -> Iterator[Line]:
    if found.equal:
        yield Line("Reproduced: trained again, every byte is the same.", Tone.GOOD)
        pairs = [("artifact", str(found.expected))]
    else:
        files = ", ".join(plain(name) for name in found.differing) or "the manifest alone"
        for line in wrap(f"NOT reproduced: trained again, other bytes came out: {files}", look.width, rest="  "):
            yield Line(line, Tone.BAD)
        pairs = [("expected", str(found.expected)), ("found", str(found.found))]
    pairs += [("fingerprint", str(found.fingerprint)), ("first trained", plain(found.trained))]
    for name, value in pairs:
        for line in wrap(value, look.width, first=f"  {name:<14}"):
            yield Line(line)


def markdown(found: ReproduceResult) -> str:
    if found.equal:
        lines = [f"✅ **Reproduced**: `{found.expected}`, trained again, came out the same in every byte."]
    else:
        lines = ["❌ **Not reproduced**: trained again, other bytes came out.", ""]
        lines += [f"- expected `{found.expected}`", f"- found `{found.found}`"]
        lines += [f"- differs: {code(name)}" for name in found.differing]
    lines += ["", f"Fingerprint `{found.fingerprint}`, first trained {prose(found.trained)}."]
    return paper(lines)
