"""Write the pages of models of a site in processes that give their memory back: manifests and plots take most of it."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler import __version__, codec
from reconciler.adapters.executors import fork_map
from reconciler.adapters.filesystem.site_folder import SiteFolder
from reconciler.app.planning.git_state import GitState
from reconciler.app.project_options import SILENT, ProjectOptions, say_nothing
from reconciler.app.site.site_page import SitePage
from reconciler.app.wiring import OpenProject, open_project
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.site.model_report import ModelReport
from reconciler.core.site.site import KEPT_CHANGES, MOST_DRAWN, ModelChange, PlotChoice, change_of
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.model_report.collect import Collector, requests_named
from reconciler.errors import ReconcilerError
from reconciler.report.site import model_page

_AT_ONCE, _DRAWN_AT_ONCE = 500, 25
"""Models whose manifests are read together: those of ten thousand take more memory than all the rest; and those whose
plots one process draws, so that each has some."""
_EVENTS = 10
"""Journal entries of a model's page in a site."""
_NO_LINE: dict[str, Any] = {"k": "", "s": 0, "p": 0, "c": "[]"}
KEPT_FIELDS = ("n", "when", "action", "artifact", "commit", "who", "reason", "request", "url")


@dataclass(slots=True, kw_only=True)
class SitePages:
    """The pages of a run: what it needs to write them, and what it did. `unread`: models of which something is damaged;
    `statuses`: of their errors."""

    options: ProjectOptions
    environment: str
    head: GitState | None
    site: SiteFolder
    plots: PlotChoice
    written: int = 0
    drawn: int = 0
    unread: list[str] = field(default_factory=list)
    statuses: list[ResultStatus] = field(default_factory=list)

    def look(self, pages: Sequence[SitePage], known: dict[str, dict[str, Any]]) -> None:
        """Find out of each page what it depends on, and what is there of it."""
        with self._opened(self.options, frozenset()) as project:
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

    def write(self, pages: Sequence[SitePage]) -> None:
        """Write each page that changed, is not there, or waits for its plots.

        In other processes where there may be any: this one neither reads manifests nor loads what draws. What they did
        not write, this one does, and raises what is in the way.
        """
        drawn, plain = self._due(pages)
        parts = [(True, part) for part in _parts(drawn, _DRAWN_AT_ONCE)]
        parts += [(False, part) for part in _parts(plain, _AT_ONCE)]
        left = {page.row.model for page in (*drawn, *plain)}
        expected = self.options.progress.expect
        if parts and fork_map.is_safe():
            by_name = {page.row.model: page for page in (*drawn, *plain)}
            processes = 1 if self.plots is PlotChoice.ALL else fork_map.count()  # those start workers of their own
            aside = replace(self, options=replace(self.options, progress=SILENT, say=say_nothing))

            def in_parts(_: int) -> Iterator[bytes]:
                return fork_map.fork_lines(lambda n: aside._write_part(*parts[n]), len(parts), processes)

            # The processes are forked by one that has no threads: here, progress is shown by one from now on.
            for line in fork_map.fork_lines(in_parts, 1, 1):
                if len(left) == len(by_name):
                    expected(len(by_name))
                self._note(by_name, json.loads(line))
                left.remove(json.loads(line)[0])
        elif parts:
            expected(len(left))
        for draws, part in parts:
            rest = [page for page in part if page.row.model in left]
            for line in self._write_part(draws, rest) if rest else ():
                self._note({page.row.model: page for page in rest}, json.loads(line))
            if rest:
                gc.collect()  # what reading the manifests left: the program looks for garbage rarely

    def _due(self, pages: Sequence[SitePage]) -> tuple[list[SitePage], list[SitePage]]:
        """Return the pages to write with plots, and those without."""
        drawn, plain = list[SitePage](), list[SitePage]()
        for page in pages:
            kept = self.head is not None and page.line["k"] == page.key  # git says what changed of the manifests
            changed = not kept or self.site.size(page.file) != page.line["s"]
            if self._may_draw(page, len(drawn)) and (changed or not page.line["p"]):
                drawn.append(page)
            elif changed:
                plain.append(page)
        return drawn, plain

    def _may_draw(self, page: SitePage, drawn: int) -> bool:
        if self.plots is PlotChoice.ALL:
            return page.artifact is not None
        return self.plots is PlotChoice.CHANGED and page.evaluated and drawn < MOST_DRAWN

    def _note(self, pages: dict[str, SitePage], written: list[Any]) -> None:
        """Take down what was done to a page, as `_write_part` tells it."""
        model, line, key, evaluated, damaged = written
        page = pages[model]
        page.line, page.key, page.evaluated = line, key, evaluated
        self.written += 1
        self.drawn += line["p"]
        if damaged:
            self.unread.append(model)
            self.statuses.append(ResultStatus(damaged))
        self.options.progress.start(model, "page")
        self.options.progress.done(model, "written")

    def _write_part(self, draws: bool, pages: Sequence[SitePage]) -> Iterator[bytes]:
        """Write pages, whose manifests are held at once, and yield of each what `_note` takes."""
        requests: dict[str, str] = {}
        with self._opened(self.options, frozenset(page.row.model for page in pages)) as project:
            collector = Collector(
                deps=project.deps,
                desired=project.desired,
                environment=project.environment(self.environment),
                most=_EVENTS,
            )
            for page in pages:
                report, damaged = self._report(collector, page)
                report = requests_named(project.deps, report, requests)
                full = report.judged is not None and report.judged.detailed is not None
                if full and not page.evaluated:
                    page.evaluated = True  # by this run
                    page.key = self._key(page)
                body = model_page.model_page(report, plots=draws and full)
                self.site.write(page.file, body)
                changes = [change_of(event) for event in report.events[:KEPT_CHANGES]]
                line = {
                    "m": page.row.model,
                    "k": page.key,
                    "s": len(body),
                    "p": int(draws and full),
                    "c": _kept(changes),
                }
                yield json.dumps([page.row.model, line, page.key, page.evaluated, damaged]).encode()

    def _report(self, collector: Collector, page: SitePage) -> tuple[ModelReport, str]:
        """Return the report of a model; of one that cannot be read, why, and the status of that."""
        status = codec.from_json(ModelStatus, json.loads(page.text))
        try:
            judged = (
                collector.judged_in_full(page.row.model) if self.plots is PlotChoice.ALL and page.artifact else None
            )
            report = collector.report(page.row.model, status=status, judged=judged)
            lost = report.judged is None and status.status is not ResultStatus.CLEAN
            return replace(report, unknown=status.reason) if lost else report, ""
        except ReconcilerError as error:
            unread = replace(collector.empty(page.row.model), status=status, unknown=str(error))
            return unread, status_of(error).value

    @contextmanager
    def _opened(self, options: ProjectOptions, models: frozenset[str]) -> Iterator[OpenProject]:
        """Open the project with the manifests and cards of these models alone, where git says which there are."""
        known: frozenset[str] = frozenset()
        if self.head is not None:
            named = {f"manifests/{self.environment}/{model}" for model in models}
            wanted = {f"{name}{ending}" for name in named for ending in (".yaml", ".md")}
            known = frozenset(self.head.manifests.keys() - wanted)
        opening: AbstractContextManager[OpenProject] = open_project(options, known=known, head=self.head)
        with opening as project:
            yield project


def _parts(pages: Sequence[SitePage], size: int) -> Iterator[Sequence[SitePage]]:
    return (pages[start : start + size] for start in range(0, len(pages), size))


def _kept(changes: Iterable[ModelChange]) -> str:
    """Return changes as one text: as objects, those of all models would take more memory than all else."""
    return json.dumps([[getattr(each, name) for name in KEPT_FIELDS] for each in changes], separators=(",", ":"))
