"""Make the site of an environment, or renew it: a page is made where something about its model changed since."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from reconciler import __version__, codec
from reconciler.adapters.filesystem.site_folder import SiteFolder, open_site
from reconciler.adapters.system import host
from reconciler.app.planning import git_state, status_document
from reconciler.app.planning.git_state import GitState
from reconciler.app.project_options import ProjectOptions
from reconciler.app.site.site_page import SitePage, page_of
from reconciler.app.wiring import OpenProject, open_project
from reconciler.core.inspect.status import EnvironmentStatus, ModelStatus
from reconciler.core.site.changes import Changes
from reconciler.core.site.model_report import ModelReport
from reconciler.core.site.site import (
    KEPT_CHANGES,
    MOST_DRAWN,
    ModelChange,
    PlotChoice,
    SiteOverview,
    SiteResult,
    change_of,
)
from reconciler.core.status_codes import ResultStatus, status_of, worst_status
from reconciler.engine.inspect import status as inspect
from reconciler.engine.model_report.collect import Collector, requests_named
from reconciler.engine.plan import make_plan
from reconciler.errors import ReconcilerError
from reconciler.report.layout import json_output
from reconciler.report.site import history_pages, model_page, overview
from reconciler.report.site.layout import STYLE_FILE, style

_AT_ONCE = 500
"""Models whose manifests are read together: those of ten thousand take more memory than all the rest."""
_EVENTS = 10
"""Journal entries of a model's page in a site."""


_NO_LINE: dict[str, Any] = {"k": "", "s": 0, "p": 0, "c": "[]"}


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
        project, status, pages, head = _statuses(options, environment, spilled)
        spilled.flush()
        gc.collect()  # what planning left
        owner = (project, environment)
        known = {line["m"]: line for line in site.record(owner) if "m" in line}
        others = [line["f"] for line in site.record(owner) if "f" in line]
        run = _Run(options=options, environment=environment, head=head, site=site, plots=plots)
        run.look(pages, known)
        stale = [line for name, line in known.items() if name not in {page.row.model for page in pages}]
        begun = (page.line | {"m": page.row.model, "k": ""} for page in pages)
        site.write_record(owner, chain(begun, stale, _files(others)))
        site.clear_temporary()
        run.write_pages(pages)
        for line in stale:
            site.remove(f"models/{line['m']}.html")
        written = _write_others(site, _overview(project, status, pages, run.now))
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


def _statuses(
    options: ProjectOptions, environment: str, spilled: IO[bytes]
) -> tuple[str, EnvironmentStatus, list[SitePage], GitState | None]:
    """Return the project, the status of the environment, and a page for each of its models, by name.

    `spilled`: the file that takes the texts of the statuses, of which no two are held at once.
    """
    head = git_state.read_at_head(options, environment)
    with status_document.status_document(options, head, environment) as document:
        if document is not None:
            (status,), (texts,) = document.status().environments, document.texts()
            pages = sorted((page_of(text, spilled) for text in texts), key=lambda page: page.row.model)
            return document.project, status, pages, head
    with open_project(options, head=head) as project:
        declared = project.environment(environment)
        status = inspect.status(project.deps, project.desired, (environment,)).environments[0]
        if not status.models and status.status is not ResultStatus.CLEAN:
            make_plan.make_plan(project.deps, project.desired, declared)  # raises what hides the models
        texts = (json_output.item(model, depth=status_document.DEPTH) for model in status.models)
        pages = sorted((page_of(text, spilled) for text in texts), key=lambda page: page.row.model)
        return project.desired.project, replace(status, models=()), pages, head


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run: what it needs, and what it did."""

    options: ProjectOptions
    environment: str
    head: GitState | None
    site: SiteFolder
    plots: PlotChoice
    now: str = field(default_factory=lambda: host.now().strftime("%Y-%m-%dT%H:%MZ"))
    written: int = 0
    drawn: int = 0
    budget: int = MOST_DRAWN
    unread: list[str] = field(default_factory=list)
    statuses: list[ResultStatus] = field(default_factory=list)
    _requests: dict[str, str] = field(default_factory=dict)

    def look(self, pages: Sequence[SitePage], known: dict[str, dict[str, Any]]) -> None:
        """Find out of each page what it depends on, and what is there of it."""
        with self._opened(frozenset()) as project:
            names = (self.environment, *project.environment(self.environment).promotes_from)
            stores = [project.deps.stores[name] for name in names if name in project.deps.stores]
            keys = (key for store in stores for key in store.keys("evaluations/"))
            artifacts = {key.split("/")[1] for key in keys if key.count("/") > 1}
        for page in pages:
            page.evaluated = page.artifact is not None and page.artifact.removeprefix("sha256:") in artifacts
            page.key = self._key(page)
            page.line = known.get(page.row.model, _NO_LINE)

    def _key(self, page: SitePage) -> str:
        blobs = self.head.blobs(page.row.model) if self.head is not None else str(self.options.revision)
        facts = (page.text, blobs, page.evaluated, model_page.PAGE_VERSION, __version__)
        return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()

    def write_pages(self, pages: Sequence[SitePage]) -> None:
        """Write each page that changed, is not there, or waits for its plots."""
        due = [page for page in pages if self._is_due(page)]
        self.options.progress.expect(len(due))
        for start in range(0, len(due), _AT_ONCE):
            chosen = due[start : start + _AT_ONCE]
            with self._opened(frozenset(page.row.model for page in chosen)) as project:
                self._write_some(project, chosen)
            gc.collect()  # what reading the manifests left: the program looks for garbage rarely

    def _is_due(self, page: SitePage) -> bool:
        line = page.line
        if self.head is None:  # git does not say what changed of the manifests
            return True
        if line["k"] != page.key or self.site.size(page.file) != line["s"]:
            return True
        if line["p"] or self.plots is PlotChoice.NONE:
            return False
        if self.plots is PlotChoice.ALL:
            return page.artifact is not None
        if page.evaluated and self.budget > 0:
            self.budget -= 1
            return True
        return False

    def _write_some(self, project: OpenProject, pages: Sequence[SitePage]) -> None:
        collector = Collector(
            deps=project.deps,
            desired=project.desired,
            environment=project.environment(self.environment),
            most=_EVENTS,
        )
        for page in pages:
            self.options.progress.start(page.row.model, "page")
            report = self._report(collector, page)
            report = requests_named(project.deps, report, self._requests)
            if report.judged is not None and report.judged.detailed is not None and not page.evaluated:
                page.evaluated = True  # by this run
                page.key = self._key(page)
            plots = self._draws(report)
            body = model_page.model_page(report, plots=plots)
            self.site.write(page.file, body)
            changes = [change_of(event) for event in report.events[:KEPT_CHANGES]]
            page.line = {
                "m": page.row.model,
                "k": page.key,
                "s": len(body),
                "p": int(plots),
                "c": _kept(changes),
            }
            self.written += 1
            self.drawn += plots
            self.options.progress.done(page.row.model, "written")

    def _report(self, collector: Collector, page: SitePage) -> ModelReport:
        """Return the report of a model; of one that cannot be read, why."""
        status = codec.from_json(ModelStatus, json.loads(page.text))
        try:
            judged = (
                collector.judged_in_full(page.row.model) if self.plots is PlotChoice.ALL and page.artifact else None
            )
            report = collector.report(page.row.model, status=status, judged=judged)
            lost = report.judged is None and status.status is not ResultStatus.CLEAN
            return replace(report, unknown=status.reason) if lost else report
        except ReconcilerError as error:
            self.unread.append(page.row.model)
            self.statuses.append(status_of(error))
            return replace(collector.empty(page.row.model), status=status, unknown=str(error))

    def _draws(self, report: ModelReport) -> bool:
        if self.plots is PlotChoice.NONE or report.judged is None or report.judged.detailed is None:
            return False
        return self.plots is PlotChoice.ALL or self.drawn < MOST_DRAWN

    @contextmanager
    def _opened(self, models: frozenset[str]) -> Iterator[OpenProject]:
        """Open the project with the manifests of these models alone, where git says which there are."""
        known: frozenset[str] = frozenset()
        if self.head is not None:
            wanted = {f"manifests/{self.environment}/{model}.yaml" for model in models}
            known = frozenset(path for path in self.head.manifests if path.endswith(".yaml") and path not in wanted)
        opening: AbstractContextManager[OpenProject] = open_project(self.options, known=known, head=self.head)
        with opening as project:
            yield project


_CHANGE = ("n", "when", "action", "artifact", "commit", "who", "reason", "request", "url")


def _kept(changes: Iterable[ModelChange]) -> str:
    """Return changes as one text: as objects, those of all models would take more memory than all else."""
    return json.dumps([[getattr(each, name) for name in _CHANGE] for each in changes], separators=(",", ":"))


def _changes(page: SitePage) -> Iterator[ModelChange]:
    for kept in json.loads(page.line["c"]):
        yield ModelChange(model=page.row.model, **dict(zip(_CHANGE, kept, strict=True)))


def _overview(project: str, status: EnvironmentStatus, pages: Sequence[SitePage], made: str) -> SiteOverview:
    changes = Changes(newest=history_pages.MOST_CHANGES, requests=history_pages.MOST_REQUESTS)
    for page in pages:
        changes.add(_changes(page))
    return SiteOverview(
        project=project,
        environment=status.environment,
        role=status.role,
        revision=status.revision or "",
        made=made,
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
