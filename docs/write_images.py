"""The pictures of `docs/images`, drawn from the demo's own plans: `python docs/write_images.py` draws them anew.

`plan.json` and `request.json` are plans of the demo (docs/tutorial.md), as `plan production --out FILE` wrote
them: of the first promotion, and of one that replaces a deployed model. The reports of today draw them; a test says
when a picture is stale. Where a plan's format changes, record both again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from reconciler import codec
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import Plan
from reconciler.core.promotion.reviewed_plan import DigestDepth, PlanComment, ReviewedPlan, reviewed_model
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import UNICODE, TextStyle, Tone
from reconciler.report.plan import plan_report, pull_request_comment

FOLDER = Path(__file__).parent / "images"
_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
_SANS = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
_LINE = 19
_CELL = 7.9  # width of one monospaced character of 13 px
_LETTER = 6.9  # width of one letter of a sentence, on average
_WIDEST = 118  # letters of a line of a page
_COLOURS = {
    Tone.STRONG: "#ffffff",
    Tone.GOOD: "#7ee787",
    Tone.WARN: "#e3b341",
    Tone.BAD: "#ff7b72",
    Tone.DIM: "#8b949e",
}
_PAINTED = re.compile("\x01(.)(.*?)\x02", re.DOTALL)


def plan_of(name: str) -> Plan:
    return codec.decode(Plan, (FOLDER / f"{name}.json").read_bytes(), what=name)


def comment_of(plan: Plan) -> PlanComment:
    """Return the comment that a pull request with this plan gets."""
    (model,) = plan.models
    detail = model.detail
    return PlanComment(
        environment=plan.environment,
        role=plan.role,
        revision=plan.revision,
        base=None,
        plan=plan,
        unseen=None,
        differences=(
            ModelDifference(
                model=model.model,
                environment=plan.environment,
                changes=detail.changes,
                old=detail.incumbent,
                new=detail.candidate,
            ),
        ),
        reviewed=ReviewedPlan(
            environment=plan.environment,
            commit=plan.revision or "",
            depth=DigestDepth.WHOLE,
            models=(reviewed_model(model.basis, DigestDepth.WHOLE),),
        ),
        untouched=0,
    )


# --- a terminal -----------------------------------------------------------------------------------------------------


def terminal(command: str, text: str) -> str:
    """Draw a command and what it printed; painted words are marked as `_paint` does."""
    lines = [f"\x01{list(Tone).index(Tone.STRONG)}$ {command}\x02", *text.rstrip("\n").split("\n")]
    width = max(len(_PAINTED.sub(r"\2", line)) for line in lines) * _CELL + 40
    drawn = (
        f'<text x="20" y="{52 + row * _LINE}" xml:space="preserve">{_coloured(line)}</text>'
        for row, line in enumerate(lines)
    )
    dots = "".join(
        f'<circle cx="{22 + 18 * position}" cy="18" r="6" fill="{colour}"/>'
        for position, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return _svg(width, 60 + len(lines) * _LINE, "#0d1117", "#30363d", f"{_MONO}", "#e6edf3", [dots, *drawn])


def _paint(text: str, tone: Tone) -> str:
    return f"\x01{list(Tone).index(tone)}{text}\x02" if tone in _COLOURS else text


def _coloured(line: str) -> str:
    def span(match: re.Match[str]) -> str:
        return f'<tspan fill="{_COLOURS[list(Tone)[int(match[1])]]}">{match[2]}</tspan>'

    return _PAINTED.sub(span, escape(line))


# --- a page of a forge ----------------------------------------------------------------------------------------------


def page(markdown: str) -> str:
    """Draw the Markdown that our reports write: headings, paragraphs, lists, tables, folded sections."""
    text = re.sub(r"<!--.*?-->|</details>", "", markdown, flags=re.DOTALL)
    text = re.sub(r"<details[^>]*><summary>(.*?)</summary>", r"▾ \1", text)
    text = re.sub(r"</?sub>", "", re.sub(r"</?b>", "**", text))
    drawn, top = list[str](), 36
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        rows = _table(lines, top) if lines[0].startswith("|") else _sentences(lines, top)
        for line, below in rows:
            drawn.append(line)
            top = below
        top += 10
    return _svg(_WIDEST * _LETTER + 40, top + 6, "#ffffff", "#d1d9e0", _SANS, "#1f2328", drawn)


def _sentences(lines: list[str], top: int) -> Iterator[tuple[str, int]]:
    for line in lines:
        heading = line.startswith("#")
        words = re.sub(r"^#+ ", "", line)
        bullet = words.startswith("- ")
        style = ' font-size="17" font-weight="600"' if heading else ""
        left = 34 if bullet else 20
        for part, wrapped in enumerate(_wrapped(words.removeprefix("- "))):
            mark = "• " if bullet and part == 0 else ""
            yield f'<text x="{left}" y="{top}"{style}>{mark}{_inline(wrapped)}</text>', top + _LINE
            top += _LINE


def _table(lines: list[str], top: int) -> Iterator[tuple[str, int]]:
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    rows = [rows[0], *rows[2:]]
    widths = [max(len(row[column].replace("`", "")) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        left, cells = 28.0, ""
        for cell, width in zip(row, widths, strict=True):
            cells += f'<text x="{left:.0f}" y="{top}"{_weight(number == 0)}>{_inline(cell)}</text>'
            left += width * _LETTER * 1.12 + 26
        yield cells + f'<path d="M20 {top + 6}H{left:.0f}" stroke="#d1d9e0"/>', top + _LINE + 4
        top += _LINE + 4


def _weight(strong: bool) -> str:
    return ' font-weight="600"' if strong else ""


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) > _WIDEST:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _inline(text: str) -> str:
    """Draw code and strong words within a line; an escape of Markdown is the sign itself."""
    shown = escape(re.sub(r"\\([\\`*_\[\]|#])", r"\1", text))
    shown = re.sub(r"\*\*(.+?)\*\*", r'<tspan font-weight="600">\1</tspan>', shown)
    return re.sub(r"`(.+?)`", rf'<tspan font-family="{_MONO}" font-size="12">\1</tspan>', shown)


def _svg(width: float, height: float, ground: str, edge: str, font: str, ink: str, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">'
    frame = (
        f'<rect x="1" y="1" width="{width - 2:.0f}" height="{height - 2:.0f}" rx="8" fill="{ground}" stroke="{edge}"/>'
    )
    group = f'<g font-family="{font}" font-size="13" fill="{ink}">'
    return "\n".join([head, frame, group, *parts, "</g>", "</svg>", ""])


def _plan_text(plan: Plan) -> str:
    return to_text(plan_report.blocks(plan, Detail.SCREEN), TextStyle(width=96, glyphs=UNICODE, paint=_paint))


PICTURES = {
    "plan.svg": lambda: terminal("reconciler plan production", _plan_text(plan_of("plan"))),
    "comment.svg": lambda: page(to_markdown(pull_request_comment.blocks(comment_of(plan_of("request"))))),
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{len(PICTURES)} pictures in {FOLDER.name}/\n")
