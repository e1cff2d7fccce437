"""Write a proposal for the commands that change git (promote, rollback, adopt, override), and show it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.cli.project import opened
from reconciler.console import streams
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.app.planning.git_state import GitState
    from reconciler.app.wiring import OpenProject
    from reconciler.core.promotion.proposal import ProposalResult
    from reconciler.core.spec.environment import Environment
    from reconciler.engine.promotion.open_pull_request import PullRequestRoute
    from reconciler.ports import Proposer


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposing:
    """The project and environment that a proposal is for, and who writes it."""

    project: OpenProject
    environment: Environment
    proposer: Proposer
    opens: bool

    def route(self) -> PullRequestRoute | None:
        """Return the route of the pull request; None where none is asked for."""
        return self.find_route() if self.opens else None

    def find_route(self) -> PullRequestRoute:
        """Return the route of a pull request: its forge, token and branch."""
        from reconciler.app import forge_connection

        name, protect = self.environment.name, self.environment.protect
        return forge_connection.route(self.project.root, os.environ, environment=name, protect=protect)


def propose(
    invocation: Invocation,
    environment: str,
    write: Callable[[Proposing], ProposalResult],
    *,
    opens: bool,
    head: GitState | None = None,
    **settings: Any,
) -> int:
    """Write a proposal for an environment and show it. `opens`: its pull request is opened; `head` and `settings`: as
    `wiring.open_project` has them."""
    from reconciler.app.wiring import proposer
    from reconciler.report.promotion import proposal

    with opened(invocation, head=head, **settings) as project:
        proposing = Proposing(
            project=project,
            environment=project.environment(environment),
            proposer=proposer(project.root, head),
            opens=opens,
        )
        proposed = write(proposing)
    streams.show(invocation, proposal, proposed)
    return 0
