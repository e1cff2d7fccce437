"""`why`: explain what a model is waiting for. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("why")
@options.names
@options.in_environment("Environment of the model")
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None) -> int:
    """Explain the state of MODEL in ENV: what blocks it, the numbers behind that, and what to do next.

    Several models are explained one after the other. Exits 6 when a journal or an artifact is lost or damaged, 3 when
    what is served is not what was applied.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import selected, some_models
    from reconciler.core.inspect.explanation import ExplanationSet
    from reconciler.engine.inspect.explain_status import why
    from reconciler.report.inspect import explain_status

    where, models = selected(invocation, names, environment)
    asked = some_models(models, where, "why")
    with opened(invocation) as project:
        explained = tuple(why(project.deps, project.desired, project.environment(where), model) for model in asked)
    explanation = explained[0] if len(explained) == 1 else ExplanationSet(explanations=explained)
    code = exit_code(explanation.status)
    streams.show(invocation, explain_status, explanation, exit=code)
    return code
