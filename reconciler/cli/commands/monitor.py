"""`monitor`: hold deployed models to what they promised. Writes what it finds into the environment's store."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("monitor")
@options.names
@options.in_environment("The same as ENV")
@click.option("--open", "opens", is_flag=True, help="Ask the sandbox to train degraded models again: one pull request.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None, opens: bool) -> int:
    """Hold the deployed models of ENV, or some MODELs, to what they promised, by the outcomes known by now.

    What `predict` logged is joined with the tables of ENV, each record once, by its first prediction. The test may be
    looked at every day: a model that keeps its promise is called degraded in at most 1 of 20 periods of 60 days. What
    is found is recorded in the store of ENV; `status` and `why` tell it. Exits 3 when a model is degraded.

    With --open one pull request sets `retrain.requested` of the degraded models in the sandbox. While it is open, or
    once somebody closed it without merging, the same is not asked again.
    """
    from reconciler.app.proposing import proposing
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.cli.selection import selected
    from reconciler.engine.monitoring.monitor import monitor
    from reconciler.engine.monitoring.request_retrain import nobody_trains, request_retrain, sandbox_of, with_request
    from reconciler.report.monitoring import monitoring as report
    from reconciler.report.monitoring import retrain_request

    where, models = selected(invocation, names, environment)
    with opened(invocation, predicts=True) as project:
        declared = project.environment(where)
        found = monitor(project.deps, project.desired, declared, models)
        sandbox = sandbox_of(project.desired, declared, found) if opens else None
        if opens and sandbox is None and found.has_degraded:
            found = with_request(found, nobody_trains(found))
        elif sandbox is not None:
            way = proposing(project, sandbox, opens=True)
            proposal = request_retrain(
                project.deps,
                project.checkout,
                way.proposer,
                found,
                environment=declared,
                sandbox=sandbox,
                route=way.find_route(),
                body=retrain_request.body,
            )
            found = with_request(found, proposal)
    code = exit_code(found.status)
    streams.show(invocation, report, found, exit=code)
    return code
