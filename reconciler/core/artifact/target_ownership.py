"""Rules of every target: who owns it, what it may serve, and which of two journal entries wins."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.names import is_name
from reconciler.errors import ConflictError, IntegrityError, TargetError

OWNER = "owner.json"  # holds the mark
CURRENT = "current"
RELEASES = "releases"
ENTRIES = "entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """The rules of one target: `mark` is its expected owner, `where` its address in messages."""

    mark: StoreMark
    where: str

    def check_belongs(self, current: ReleasePointer) -> None:
        """Raise TargetError E609 for a pointer of another project or environment, or with an unsafe model name."""
        if not self.is_ours(current, current.model) or not is_name(current.model):
            raise TargetError(f"{current.environment}/{current.model} does not belong to this target", code="E609")

    def is_ours(self, current: ReleasePointer, model: str) -> bool:
        """Tell whether a pointer, read at `model`, was written for this target."""
        owner = (current.project, current.environment, current.model)
        return owner == (self.mark.project, self.mark.environment, model)

    def check_mark(self, mark: StoreMark) -> None:
        """Raise IntegrityError E609 where the target has another owner."""
        if mark != self.mark:
            raise self._foreign(mark.project, mark.environment)

    def check_unclaimed(self, served: ReleasePointer | None, model: str) -> None:
        """Raise IntegrityError E609 where a target without an owner serves a model of another project."""
        if served is not None and not self.is_ours(served, model):
            raise self._foreign(served.project, served.environment)

    def check_newer(self, current: ReleasePointer, served: ReleasePointer | None) -> None:
        """Raise ConflictError where the pointer `served` is newer than `current`.

        A damaged pointer (None), or one copied here from another target, may be replaced.
        """
        if served is None or not self.is_ours(served, current.model):
            return
        if served.n > current.n:
            raise ConflictError(
                f"the target already serves entry {served.n} of {current.model}, newer than entry {current.n}",
                hint="nothing is lost: run the same command again",
            )
        if served.n == current.n and served.entry != current.entry:
            raise ConflictError(
                f"the target serves another entry {served.n} of {current.model}",
                hint="two stores write to one target: give each environment its own",
            )

    def _foreign(self, project: str, environment: str) -> IntegrityError:
        return IntegrityError(
            f"the target {self.where} belongs to {environment[:64]} of project {project[:64]}",
            code="E609",
            hint=f"give {self.mark.environment} of {self.mark.project} a target of its own",
        )
