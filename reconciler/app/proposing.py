"""Open what a proposal needs: the project, the environment, the writer of commits and the route to the forge."""

from __future__ import annotations

import os
from dataclasses import dataclass

from reconciler.app import forge_connection
from reconciler.app.planning.git_state import GitState
from reconciler.app.wiring import OpenProject, proposer
from reconciler.core.spec.environment import Environment
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.ports import Proposer


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposing:
    """The project and environment that a proposal is for, and who writes it; `opens`: a pull request is opened."""

    project: OpenProject
    environment: Environment
    proposer: Proposer
    opens: bool

    def route(self) -> PullRequestRoute | None:
        """Return the route of the pull request; None where none is opened."""
        return self.find_route() if self.opens else None

    def find_route(self) -> PullRequestRoute:
        """Return the route of a pull request: its forge, token and branch. Raises SourceError E306, ForgeError."""
        name, protect = self.environment.name, self.environment.protect
        return forge_connection.route(self.project.root, os.environ, environment=name, protect=protect)


def proposing(project: OpenProject, environment: str, *, opens: bool, head: GitState | None = None) -> Proposing:
    """Return what a proposal for `environment` needs. `head`: what git was asked already."""
    return Proposing(
        project=project,
        environment=project.environment(environment),
        proposer=proposer(project.root, head),
        opens=opens,
    )
