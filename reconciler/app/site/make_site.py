"""Make the site of an environment, or renew it: a page is made where something about its model changed since."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from reconciler import codec
from reconciler.adapters.executors import fork_map
from reconciler.adapters.filesystem.site_folder import SiteFolder, open_site
from reconciler.adapters.system import host
from reconciler.app.planning import git_state, status_document
from reconciler.app.planning.git_state import GitState
from reconciler.app.project_options import SILENT, ProjectOptions
from reconciler.app.site.site_page import SitePage, page_of, page_told
from reconciler.app.site.write_pages import KEPT_FIELDS, SitePages
from reconciler.app.wiring import open_project
from reconciler.core.inspect.status import EnvironmentStatus
from reconciler.core.site.changes import Changes
from reconciler.core.site.site import (
    ModelChange,
    PlotChoice,
    SiteOverview,
    SiteResult,
)
from reconciler.core.status_codes import ResultStatus, worst_status
from reconciler.engine.inspect import status as inspect
from reconciler.engine.plan import make_plan
from reconciler.report.layout import json_output
from reconciler.report.site import history_pages, overview
from reconciler.report.site.layout import STYLE_FILE, style


def make_site(
    options: ProjectOptions,
    environment: str,
    folder: Path,
    plots: PlotChoice,
) -> SiteResult:
    """Write the site of `environment` to `folder`, and return what was done.

    Raises what planning raises, and UsageError E801 for a folder with files of others, E803 where it cannot be written.
    """
    with open_site(folder) as site, TemporaryFile() as spilled:
        head = git_state.read_at_head(options, environment)
        project, status, pages = _looked_at(options, environment, spilled, head)
        owner = (project, environment)
        known = {line["m"]: line for line in site.record(owner) if "m" in line}
        others = [line["f"] for line in site.record(owner) if "f" in line]
        run = SitePages(options=options, environment=environment, head=head, site=site, plots=plots)
        run.look(pages, known)
        declared = {page.row.model for page in pages}
        stale = [line for name, line in known.items() if name not in declared]
        begun = (page.line | {"m": page.row.model, "k": ""} for page in pages)
        site.write_record(owner, chain(begun, stale, _files(others)))
        site.clear_temporary()
        run.write(pages)
        for line in stale:
            site.remove(f"models/{line['m']}.html")
        written = _write_others(site, _overview(project, status, pages))
        for name in set(others) - set(written):
            site.remove(name)
        site.write_record(owner, [*(page.line for page in pages), *_files(written)])
        return SiteResult(
            environment=environment,
            index=str(folder / "index.html"),
            models=len(pages),
            written=run.written,
            unchanged=len(pages) - run.written,
            removed=len(stale),
            drawn=run.drawn,
            waiting=sum(page.evaluated and not page.line["p"] for page in pages),
            unread=tuple(run.unread),
            status=worst_status((status.status, *run.statuses)),
        )


def _files(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    return ({"f": name} for name in names)


def _looked_at(
    options: ProjectOptions, environment: str, spilled: IO[bytes], head: GitState | None
) -> tuple[str, EnvironmentStatus, list[SitePage]]:
    """Return the project, the status of the environment, and a page for each of its models, by name.

    `spilled`: the file that takes the texts of the statuses, of which no two are held at once. Many models are planned
    by a process that gives its memory back; what is in its way, this one meets again, and raises.
    """
    if head is not None and git_state.has_many(head) and fork_map.is_safe():

        def look(_: int) -> Iterator[bytes]:
            said: list[str] = []
            aside = replace(options, progress=SILENT, say=said.append)
            project, status, pages = _statuses(aside, environment, spilled, head)
            spilled.flush()
            yield from (page.line_told() for page in pages)
            yield json.dumps([project, codec.to_json(status), said]).encode()

        pages, last = list[SitePage](), b""
        for line in fork_map.fork_lines(look, 1, 1):
            if last:
                pages.append(page_told(last, spilled))
            last = line
        if last.startswith(b'["'):
            project, status, said = json.loads(last)
            for each in said:
                options.say(each)
            return project, codec.from_json(EnvironmentStatus, status), pages
        spilled.seek(0)
    found = _statuses(options, environment, spilled, head)
    spilled.flush()
    gc.collect()  # what planning left
    return found


def _statuses(
    options: ProjectOptions, environment: str, spilled: IO[bytes], head: GitState | None
) -> tuple[str, EnvironmentStatus, list[SitePage]]:
    with status_document.status_document(options, head, environment) as document:
        if document is not None:
            (status,), (texts,) = document.status().environments, document.texts()
            pages = sorted((page_of(text, spilled) for text in texts), key=lambda page: page.row.model)
            return document.project, status, pages
    with open_project(options, head=head) as project:
        declared = project.environment(environment)
        status = inspect.status(project.deps, project.desired, (environment,)).environments[0]
        if not status.models and status.status is not ResultStatus.CLEAN:
            make_plan.make_plan(project.deps, project.desired, declared)  # raises what hides the models
        texts = (json_output.item(model, depth=status_document.DEPTH) for model in status.models)
        pages = sorted((page_of(text, spilled) for text in texts), key=lambda page: page.row.model)
        return project.desired.project, replace(status, models=()), pages


def _changes(page: SitePage) -> Iterator[ModelChange]:
    for kept in json.loads(page.line["c"]):
        yield ModelChange(model=page.row.model, **dict(zip(KEPT_FIELDS, kept, strict=True)))


def _overview(project: str, status: EnvironmentStatus, pages: Sequence[SitePage]) -> SiteOverview:
    changes = Changes(newest=history_pages.MOST_CHANGES, requests=history_pages.MOST_REQUESTS)
    for page in pages:
        changes.add(_changes(page))
    return SiteOverview(
        project=project,
        environment=status.environment,
        role=status.role,
        revision=status.revision or "",
        made=host.now().strftime("%Y-%m-%dT%H:%MZ"),
        notes=status.notes,
        rows=tuple(page.row for page in pages),
        history=changes.newest(),
        requests=changes.requests(),
    )


def _write_others(site: SiteFolder, shown: SiteOverview) -> list[str]:
    """Write the pages besides those of models, the first one last, and return their names."""
    files: list[tuple[str, bytes]] = [
        (STYLE_FILE, style().encode()),
        ("history.html", history_pages.history(shown)),
        ("requests.html", history_pages.requests(shown)),
        *overview.lists(shown),
        ("index.html", overview.index(shown)),
    ]
    for name, body in files:
        site.write(name, body)
    return [name for name, _ in files]
