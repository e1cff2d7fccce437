"""Propose a revert after a merge that could not be applied: a branch that restores what git declared before.

It covers the models that are not finished. It is committed, not merged: people decide whether to go back or forward.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.core.spec.desired_state import card_path
from reconciler.engine.load_desired import Checkout, manifest_path
from reconciler.ports import Proposal, Proposer


def propose_revert(
    proposer: Proposer, old: Checkout, new: Checkout, *, environment: str, models: Iterable[str], reason: str
) -> str | None:
    """Commit a branch with what `old` declares for `models`, and return its name; None where nothing differs."""
    files: dict[str, str] = {}
    removed = []
    for model in models:
        for path in (manifest_path(environment, model), card_path(environment, model)):
            before, now = old.text(path), new.text(path)
            if before is None and now is not None:
                removed.append(path)
            elif before is not None and before != now:
                files[path] = before
    if new.revision is None or not (files or removed):
        return None
    branch = branch_name("revert", environment, proposer.place, new.revision[:12])
    title = f"Revert {at_place(environment, proposer.place)} to before {new.revision[:12]}"
    message = f"{title}\n\n{reason}\n\nReconciler-Environment: {environment}\n"
    proposer.propose(
        Proposal(
            branch=branch,
            start=new.revision,
            files=tuple(sorted(files.items())),
            message=message,
            removed=tuple(sorted(removed)),
        )
    )
    return branch
