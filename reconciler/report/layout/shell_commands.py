"""Write the commands within a text so that they work where a person stands: with the program and the folder they need.

Commands are worded for the project's folder everywhere (`reconciler apply production`, `git rm FILE`); this is the
only place that knows how they are typed. Documents (Markdown, HTML, JSON) keep the wording: they are read elsewhere.
"""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass
from shlex import quote, split

# Commands that work on a project; the others need none.
PROJECT_COMMANDS = frozenset(
    {
        *(
            "add",
            "adopt",
            "anchor",
            "apply",
            "attest",
            "audit",
            "ci",
            "controls",
            "data",
            "diff",
            "doctor",
            "drift",
            "evaluate",
            "experiment",
            "export",
            "gc",
            "history",
            "import",
            "improve",
            "init",
            "keys",
            "monitor",
        ),
        *(
            "override",
            "plan",
            "predict",
            "promote",
            "repair",
            "report",
            "reproduce",
            "rollback",
            "serve",
            "show",
            "status",
        ),
        *("validate", "why"),
    }
)
_GIT = "add|branch|commit|config|diff|fetch|fsck|log|merge|push|remote|revert|rm|show|tag"

_OURS = re.compile(
    r"(?<![\w/.-])reconciler (?:-C (?P<folder>'[^']*'|[^\s`']+)|"
    rf"(?=(?P<name>{'|'.join(sorted(PROJECT_COMMANDS))}|explain|push|pull|completion)\b(?P<help> --help\b)?))"
)
# Where prose names git ("no git remote"), nothing is to be typed.
_GITS = re.compile(rf"(?:(?<=`)|(?<=: )|(?<=&& )|(?<=; )|^)git (?=(?:{_GIT})\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandForm:
    """How a command is typed: `program` and its `options`, ready for a shell; `anywhere`: the program from any folder,
    where that is another; `entered`, the folder of -C, and `repository`, the project's folder from where the person
    stands, as paths ("": there)."""

    program: str = "reconciler"
    anywhere: str = ""
    options: str = ""
    entered: str = ""
    repository: str = ""

    def typed(self, text: str) -> str:
        """Return `text` with its commands as they are typed here."""
        if "git " in text and self.repository:
            text = _GITS.sub(lambda _: f"git -C {quote(self.repository)} ", text)
        return _OURS.sub(self._ours, text) if "reconciler " in text else text

    def lines(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Return lines to copy, as they are typed here. After a first one that enters a folder, they need none."""
        if not lines or not lines[0].startswith("cd "):
            return tuple(map(self.typed, lines))
        return tuple(map(CommandForm(program=self.anywhere or self.program).typed, lines))

    def _ours(self, found: re.Match[str]) -> str:
        folder = found["folder"]
        if folder is not None:
            if self.entered and folder != "DIR":  # a path from the folder that was entered
                folder = quote(os.path.normpath(os.path.join(self.entered, *split(folder))))  # noqa: PTH118
            return f"{self.program} -C {folder}"
        needs = found["name"] in PROJECT_COMMANDS and not found["help"]
        return f"{self.program}{self.options if needs else ''} "


AS_WORDED = CommandForm()
