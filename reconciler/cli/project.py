"""Open the project that the command line names; tell on standard error what it has to say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.app import locations
from reconciler.app.project_options import ProjectOptions
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject
    from reconciler.engine.load_desired import Checkout


def options_of(invocation: Invocation) -> ProjectOptions:
    """Return the options that the command line means. Raises UsageError E801 outside a project."""
    invocation.project = locations.project()
    return ProjectOptions(
        root=invocation.project,
        revision=invocation.revision,
        working_tree=invocation.working_tree,
        data_root=invocation.data_root,
        verbose=invocation.verbose,
        say=streams.say,
    )


@contextmanager
def shown(invocation: Invocation) -> Iterator[ProjectOptions]:
    """Return the options that the command line means, with progress on standard error until the block ends."""
    from reconciler.console import progress

    with closing(progress.for_streams(verbose=invocation.verbose)) as steps:
        yield replace(options_of(invocation), progress=steps)


@contextmanager
def opened(invocation: Invocation, **settings: Any) -> Iterator[OpenProject]:
    """Open the project that the command line names; `settings` are those of `wiring.open_project`, and `predicts`."""
    from reconciler.app.wiring import open_project

    predicts = settings.pop("predicts", False)
    with shown(invocation) as options, open_project(replace(options, predicts=predicts), **settings) as project:
        yield project


@contextmanager
def read_manifests(invocation: Invocation) -> Iterator[Checkout]:
    """Read the manifests that the command line names. Its warnings are told where it fails: else the command, which
    opens the project after that, tells them."""
    from reconciler.app import wiring

    untold: list[str] = []
    try:
        with wiring.read_manifests(replace(options_of(invocation), say=untold.append)) as checkout:
            yield checkout
    except ReconcilerError:
        for line in untold:
            streams.say(line)
        raise
