"""A proposal: the commit that promote or rollback wrote, and what to do with it. Nothing is deployed by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, page, wrap
from reconciler.report.promotion import promotion_summary

_STATES = {
    OpenedState.OPENED: "opened",
    OpenedState.UPDATED: "brought up to date",
    OpenedState.UNCHANGED: "open, unchanged",
    OpenedState.BY_HAND: "to be opened by hand",
}


def text(proposed: ProposalResult, look: TextStyle) -> str:
    opening = proposed.opening
    shown = page(_lines(proposed, look), look)
    if opening is None or opening.body is None:
        return shown
    # Its lines are left as they are, however wide, to be copied.
    return f"{shown}\n{paper([plain(opening.title), '', *opening.body.splitlines()])}"


def _next(proposed: ProposalResult) -> tuple[tuple[str, str], ...]:
    """(what it is for, command), in order."""
    branch, opening = plain(proposed.branch or ""), proposed.opening
    environment = plain(proposed.environment)
    steps = [("Look at it", f"git diff {proposed.base[:12]}...{branch}")]
    if opening is None:
        why = (
            "Propose it: push the branch and open a pull request (--open does both), or, where you work alone, merge it"
        )
        steps.append((why, f"git merge --no-ff {branch}"))
    elif opening.remote is None:
        steps.append(("There is no remote to push it to: merge it here", f"git merge --no-ff {branch}"))
    after = [
        ("When it is merged, see what would happen, and carry it out", f"reconciler plan {environment}"),
        ("", f"reconciler apply {environment}"),
    ]
    return (*steps, *after)


def _opening(opening: OpenedPullRequest, look: TextStyle) -> Iterator[Line]:
    """Where it went."""
    if opening.remote is not None:
        for line in wrap(plain(opening.remote), look.width, first="  pushed  "):
            yield Line(line)
    if opening.url is not None:
        said = f"{plain(opening.url)} ({_STATES[opening.state]}, into {plain(opening.base)})"
        for line in wrap(said, look.width, first="  request "):
            yield Line(line)
    for one in opening.superseded:
        for line in wrap(f"{plain(one.url)}, which this supersedes", look.width, first="  closed  "):
            yield Line(line)


def _served(proposed: ProposalResult) -> str:
    where = f"{plain(proposed.environment)} serves {short(proposed.artifact)} of {plain(proposed.model)}"
    return f"Rolled back: {where} by entry {proposed.served_by}."


def _until_merged(proposed: ProposalResult) -> str:
    if proposed.served_by is not None:
        return "Until this is merged, git declares something else, and no apply deploys it."
    return "Nothing is deployed until this is merged and applied."


def _lines(proposed: ProposalResult, look: TextStyle) -> Iterator[Line]:
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
    yield Line(f"  commit  {commit}")
    for file in proposed.files:
        for line in wrap(plain(file), look.width, first="  writes  "):
            yield Line(line)
    opening = proposed.opening
    if opening is not None:
        yield from _opening(opening, look)
    yield Line()
    yield from _from_here(proposed, look)
    if opening is not None and opening.body is not None:
        yield Line()
        said = f"Open a request into {plain(opening.base)} with this title and body ({plain(opening.because)}):"
        for line in wrap(said, look.width):
            yield Line(line, Tone.STRONG)


def _from_here(proposed: ProposalResult, look: TextStyle) -> Iterator[Line]:
    """What it means so far, and what to do next."""
    for line in wrap(_until_merged(proposed), look.width, rest="  "):
        yield Line(line, Tone.WARN)
    for why, what in _next(proposed):
        if why:
            for line in wrap(f"{why}:", look.width):
                yield Line(line)
        for line in command(what, look.width, indent="  "):
            yield Line(line)


def markdown(proposed: ProposalResult) -> str:
    served = [prose(_served(proposed)), ""] if proposed.served_by is not None else []
    if proposed.branch is None:
        return paper([*served, f"Nothing to propose: {prose('; '.join(proposed.summary))}."])
    lines = [f"### {code(proposed.model)} for {code(proposed.environment)}", "", *served]
    lines += [f"- {prose(one)}" for one in proposed.summary]
    lines += [f"- branch {code(proposed.branch)}, commit `{(proposed.commit or '')[:12]}`"]
    lines += [f"- writes {code(file)}" for file in proposed.files]
    opening = proposed.opening
    if opening is not None:
        lines += [f"- pushed to {code(opening.remote)}"] if opening.remote else []
        lines += [f"- request {_link(opening.url)} ({_STATES[opening.state]})"] if opening.url else []
        lines += [f"- closed {_link(one.url)}, which this supersedes" for one in opening.superseded]
    lines += ["", _until_merged(proposed), ""]
    if proposed.promotion is not None:
        lines += promotion_summary.markdown(proposed.promotion).splitlines()
    if opening is not None and opening.body is not None:
        lines += [f"Open a request into {code(opening.base)} ({prose(opening.because)}):", "", "---", ""]
        lines += [f"**{prose(opening.title)}**", "", *opening.body.splitlines()]
    return paper(lines)


def _link(url: str) -> str:
    """A forge's own address, as one that can be followed where it is a plain one."""
    return url if re.fullmatch(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/#-]*", url) else code(url)
