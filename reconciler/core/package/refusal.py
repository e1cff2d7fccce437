"""Word the errors for a package that is not as this tool writes them: the rule, the position, what to do."""

from __future__ import annotations

from reconciler.errors import IntegrityError

ANOTHER = "get the package again from where it was exported, and compare its digest; nothing was written"
_MOST = 20  # problems that one error lists


def refused(code: str, message: str, where: str, hint: str = ANOTHER) -> IntegrityError:
    """Return the error of one broken rule, at its position in the archive."""
    return IntegrityError(message, code=code, where=where, hint=hint)


def together(problems: list[IntegrityError]) -> IntegrityError:
    """Return one error for all problems of a package; `problems` is not empty. Its code is that of the first."""
    first = problems[0]
    if len(problems) == 1:
        return first
    shown = [str(problem) for problem in problems[1:_MOST]]
    more = [f"and {len(problems) - _MOST:,} more"] if len(problems) > _MOST else []
    message = "\n  ".join([first.message, *shown, *more])
    return IntegrityError(message, code=first.code, where=first.where, hint=first.hint)


def printable(name: str) -> str:
    """Return a name from an archive as it may be shown: what no plain text holds is escaped, and its end left out."""
    return ascii(name[:80])
