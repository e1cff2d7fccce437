"""A proposal: the commit that promote or rollback wrote, and what to do with it. Nothing is deployed by it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.status import Proposed
from reconciler.report.look import Line, Look, Tone, command, page, wrap
from reconciler.report.safe import code, paper, plain, prose


def text(proposed: Proposed, look: Look) -> str:
    return page(_lines(proposed, look), look)


def _next(proposed: Proposed) -> tuple[tuple[str, str], ...]:
    """(what it is for, command), in order."""
    branch = plain(proposed.branch or "")
    environment = plain(proposed.environment)
    return (
        ("Look at it", f"git diff {proposed.base[:12]}...{branch}"),
        ("Propose it: push the branch and open a pull request, or, where you work alone, merge it",
         f"git merge --no-ff {branch}"),
        ("When it is merged, see what would happen, and carry it out", f"reconciler plan {environment}"),
        ("", f"reconciler apply {environment}"),
    )  # fmt: skip


def _served(proposed: Proposed) -> str:
    where = f"{plain(proposed.environment)} serves {short(proposed.artifact)} of {plain(proposed.model)}"
    return f"Rolled back: {where} by entry {proposed.served_by}."


def _until_merged(proposed: Proposed) -> str:
    if proposed.served_by is not None:
        return "Until this is merged, git declares something else, and no apply deploys it."
    return "Nothing is deployed until this is merged and applied."


def _lines(proposed: Proposed, look: Look) -> Iterator[Line]:
    if proposed.served_by is not None:
        for line in wrap(_served(proposed), look.width, rest="  "):
            yield Line(line, Tone.GOOD)
    if proposed.branch is None:
        for line in wrap(f"Nothing to propose: {'; '.join(map(plain, proposed.summary))}.", look.width):
            yield Line(line, Tone.STRONG)
        for line in command(f"reconciler status {plain(proposed.environment)}", look.width, indent="  "):
            yield Line(line)
        return
    title = (
        f"Proposed for {plain(proposed.environment)}: {plain(proposed.model)} {'; '.join(map(plain, proposed.summary))}"
    )
    for line in wrap(title, look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    commit = (proposed.commit or "")[:12]
    for line in wrap(plain(proposed.branch), look.width, first="  branch  "):
        yield Line(line)
    yield Line(f"  commit  {commit} on {proposed.base[:12]}")
    for file in proposed.files:
        for line in wrap(plain(file), look.width, first="  writes  "):
            yield Line(line)
    yield Line()
    for line in wrap(_until_merged(proposed), look.width, rest="  "):
        yield Line(line, Tone.WARN)
    for why, what in _next(proposed):
        if why:
            for line in wrap(f"{why}:", look.width):
                yield Line(line)
        for line in command(what, look.width, indent="  "):
            yield Line(line)


def markdown(proposed: Proposed) -> str:
    served = [prose(_served(proposed)), ""] if proposed.served_by is not None else []
    if proposed.branch is None:
        return paper([*served, f"Nothing to propose: {prose('; '.join(proposed.summary))}."])
    lines = [f"### {code(proposed.model)} for {code(proposed.environment)}", "", *served]
    lines += [f"- {prose(one)}" for one in proposed.summary]
    lines += [f"- branch {code(proposed.branch)}, commit `{(proposed.commit or '')[:12]}`"]
    lines += [f"- writes {code(file)}" for file in proposed.files]
    lines += ["", _until_merged(proposed), ""]
    return paper(lines)
