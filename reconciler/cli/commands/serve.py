"""`serve`: answer requests over HTTP with the models that an environment serves. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.types.files import Folder
from reconciler.console.invocation import Invocation


@click.command("serve")
@click.argument("environment", metavar="[ENV]", type=options.NAME, required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 is any free one.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 10_000),
    default=64,
    show_default=True,
    help="Requests that are read or answered at the same time; others are told to come again.",
)
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=30, show_default=True, help="Longest time for one request."
)
@click.option("--release", metavar="DIR", type=Folder(), help="Serve the release in DIR, without a project.")
@click.option("--digest", type=options.DIGEST, help="Digest that the release in DIR must have.")
@click.option("--name", metavar="MODEL", type=options.NAME, help="Name that the release in DIR is served by.")
@options.location
@options.revision
@click.pass_obj
def command(
    invocation: Invocation,
    environment: str | None,
    host: str,
    port: int,
    at_once: int,
    seconds: int,
    release: str | None,
    digest: str | None,
    name: str | None,
) -> int:
    """Serve every model that ENV has deployed over HTTP, by the Open Inference Protocol (version 2).

    A model is replaced when its pointer moves, once all bytes of the new release have the digest that the journal
    recorded; until then, and where they have not, the one before goes on being served. Each answer names the digest and
    the journal entry. /v2/health tells what is served and what is refused, /metrics is for Prometheus.

    With --release, --digest and --name it serves one folder, such as one that KServe has fetched.

    Requests are answered by a process of its own, without credentials, within `limits` of ENV. There is no login: to
    listen elsewhere than on this machine is for a network that you trust. SIGTERM ends it once all answers are given.
    """
    from reconciler.app.serving import serve
    from reconciler.cli.project import opened
    from reconciler.console import streams

    settings = serve.ServeSettings(host=host, port=port, at_once=at_once, seconds=seconds)
    serve.check_libraries()
    if (fixed := serve.pinned_release(environment, release, digest, name)) is not None:
        serve.serve_release(fixed, settings, say=streams.say)
        return 0
    with opened(invocation) as project:
        serve.serve_environment(project, environment or "", settings, say=streams.say)
    return 0
