"""Put back: after a merge that could not be carried out, a branch ready to merge with what git said before of the
models that are not finished. Written, not merged: people decide whether to go back or on."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.engine.load_desired import Checkout, card_path, manifest_path
from reconciler.ports import Proposal, Proposer


def put_back(
    proposer: Proposer, old: Checkout, new: Checkout, *, environment: str, models: Iterable[str], why: str
) -> str | None:
    """The branch; None where git says of these models what it said before."""
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
    branch = f"revert/{environment}/{new.revision[:12]}"
    message = (
        f"Put back {environment} as before {new.revision[:12]}\n\n{why}\n\nReconciler-Environment: {environment}\n"
    )
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
