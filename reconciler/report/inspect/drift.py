"""Drift: for each environment what differs from what was applied, since when, and what to do. Worst first.

The body of an issue is made of the same facts, without any age or time of the run: written again, it is the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.inspect import drift
from reconciler.core.inspect.drift import DriftFinding, DriftReport, EnvironmentDrift, Seen
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    Detail,
    Either,
    EntryList,
    Heading,
    Hidden,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Words,
    joined,
)
from reconciler.report.layout.formatting import NONE, at_revision, count, moment, titled
from reconciler.report.layout.text_layout import Tone

ROWS = 200  # of an issue
_COLUMNS = tuple(Column(name=name) for name in ("model", "kind", "first seen", "what", "what to do"))
_ROOM = LONGEST_BODY - drift.HIDDEN - 8_000
_WARNINGS = (DriftType.CONFIG_CHANGED, DriftType.UNMANAGED, DriftType.UNHEALTHY)

DOCUMENTS = {"drift": (DriftReport, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(report: DriftReport, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """List the findings of each environment."""
    for position, environment in enumerate(report.environments):
        if position:
            yield GAP
        title = (titled(environment.environment, environment.role), " ", at_revision(report.revision))
        yield Heading((*title, ": ", summary(environment)))
        yield from _environment(environment)
    if not report.environments:
        yield Paragraph("No environment is declared.", tone=Tone.DIM)


def summary(environment: EnvironmentDrift) -> str:
    """Sum up the drift of one environment in one line."""
    if environment.problem is not None:
        return "could not be checked"
    loaded = f", {environment.loaded:,} loaded" if environment.loaded else ""
    checked = f"{count(environment.models, 'model')} checked{loaded}"
    if not environment.findings:
        return f"no drift; {checked}" if environment.models else "nothing to check"
    return f"{count(len(environment.findings), 'finding')}; {checked}"


def _environment(environment: EnvironmentDrift) -> Iterator[Block]:
    notes = tuple(Item(note, tone=Tone.DIM) for note in _notes(environment))
    if notes:
        yield Items(notes)
    if environment.problem is not None:
        problem = Item(environment.problem, label=Either("!", ""), tone=Tone.BAD, hang=4)
        yield Items((problem,), indent=0, gap=" ", tight=bool(notes))
    if environment.findings:
        yield EntryList(_COLUMNS, tuple(map(_entry, environment.findings)))


def _notes(environment: EnvironmentDrift) -> Iterator[str]:
    if environment.pending:
        yield f"{count(environment.pending, 'model')} with a change in git that is not applied yet (pending, not drift)"
    yield from environment.notes
    if environment.news is not None:
        yield f"issue {environment.news.value}" + (f": {environment.issue}" if environment.issue else "")


def _entry(finding: DriftFinding) -> ListEntry:
    tone = Tone.WARN if finding.kind in _WARNINGS else Tone.BAD
    since = Literal(f"  first seen {moment(finding.since)}") if finding.since is not None else ""
    name = Code(finding.model) if finding.model is not None else Either("the environment", "(the environment)")
    kind = Literal(finding.kind.value)
    remedies = tuple(Item(remedy.reason, label=">", command=remedy.command, hang=2) for remedy in finding.remedies)
    return ListEntry(
        mark="!",
        words=(name, Literal("  "), kind, since),
        cells=(
            name,
            kind,
            Literal(moment(finding.since) if finding.since is not None else NONE),
            finding.what,
            joined(((item.words, (": ", Code(item.command)) if item.command else "") for item in remedies), "; "),
        ),
        body=(Items((Item(finding.what, tone=tone),), indent=4), Items(remedies, indent=4, gap=" ")),
        tone=tone,
        hang=4,
        spaced=True,
    )


def issue(environment: EnvironmentDrift, before: Seen, now: datetime) -> str:
    """Return the body of the environment's issue; without findings its last word. `before`: its findings so far."""
    from reconciler.report.layout.render_markdown import to_markdown

    return to_markdown(_issue(environment) if environment.findings else _last_word(environment, before, now))


def _last_word(environment: EnvironmentDrift, before: Seen, now: datetime) -> Iterator[Block]:
    name = Code(environment.environment)
    yield Hidden(drift.hidden_comment(()))
    solved = f" any more, as of {moment(now)}: the deployed artifacts are the applied ones."
    yield Paragraph(("No drift in ", name, solved), tight=True)
    yield Items(
        tuple(
            Item(f"{kind}, first seen {moment(since)}", label=Code(model or environment.environment))
            for (model, kind), since in sorted(before.items())[:ROWS]
        )
    )


def _issue(environment: EnvironmentDrift) -> Iterator[Block]:
    name = Code(environment.environment)
    yield Hidden(drift.hidden_comment(environment.findings))
    yield Paragraph((name, " differs from its last apply. This check changed nothing."), tight=True)
    entries = _fitting([_entry(finding) for finding in environment.findings[:ROWS]])
    yield EntryList(_COLUMNS, tuple(entries))
    if left := len(environment.findings) - len(entries):
        command = Code(f"reconciler drift {environment.environment}")
        yield Paragraph((f"and {left:,} more: ", command, " lists all."))
    yield Paragraph("`reconciler drift --issue` updates this issue, and closes it when no drift is left.")


def _fitting(entries: Sequence[ListEntry]) -> list[ListEntry]:
    """Return the first entries whose rows fit into an issue."""
    from reconciler.report.layout.render_markdown import words_in_markdown

    def size(cells: tuple[Words, ...]) -> int:
        return sum(len(words_in_markdown(words, in_cell=True)) + 3 for words in cells)

    room, kept = _ROOM, []
    for entry in entries:
        room -= size(entry.cells)
        if room < 0:
            break
        kept.append(entry)
    return kept
