"""Write a proposal for the commands that change git (promote, rollback, adopt, override), and show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.app.proposing import Proposing, proposing
from reconciler.cli.project import opened
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.report.promotion import proposal

if TYPE_CHECKING:
    from reconciler.app.planning.git_state import GitState
    from reconciler.core.promotion.proposal import ProposalSet

__all__ = ["Proposing", "propose"]


def propose(
    invocation: Invocation,
    environment: str,
    write: Callable[[Proposing], ProposalResult | ProposalSet],
    *,
    opens: bool,
    head: GitState | None = None,
    **settings: Any,
) -> int:
    """Write a proposal for an environment and show it.

    `opens`: its pull request is opened. `head` and `settings` are those of `wiring.open_project`.
    """
    with opened(invocation, head=head, **settings) as project:
        proposed = write(proposing(project, environment, opens=opens, head=head))
    if isinstance(proposed, ProposalResult):
        streams.show(invocation, proposal, proposed)
    else:
        from reconciler.report.promotion import proposal_set

        streams.show(invocation, proposal_set, proposed)
    return 0
