"""What is counted for Prometheus. Labels hold names of models that are served, never what a request says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

if TYPE_CHECKING:
    from reconciler.serving.served_models import ServedModels

NONE = ""  # the model of a request for one that is not served
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # of each series a second one, of when it began
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "reconciler_serve_requests", "Answered requests to predict.", ("model", "status"), registry=self._registry
        )
        self.errors = Counter(
            "reconciler_serve_errors", "Requests that were not answered.", ("model", "code"), registry=self._registry
        )
        self.rows = Counter("reconciler_serve_rows", "Predicted rows.", ("model",), registry=self._registry)
        self.seconds = Histogram(
            "reconciler_serve_request_seconds",
            "From the first byte of a request to its answer.",
            ("model",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.swaps = Counter(
            "reconciler_serve_swaps", "Another artifact was served from now on.", ("model",), registry=self._registry
        )
        self.refusals = Counter(
            "reconciler_serve_refused_releases", "Releases that were not served.", ("model",), registry=self._registry
        )
        self._info = Gauge(
            "reconciler_serve_model_info",
            "1 for each model that is served.",
            ("model", "artifact", "entry", "n"),
            registry=self._registry,
        )
        self._refused = Gauge(
            "reconciler_serve_release_refused",
            "1 where the newest release of a model is not served.",
            ("model",),
            registry=self._registry,
        )
        self._trouble = Gauge(
            "reconciler_serve_unwatched", "1 where no newer release can be seen.", registry=self._registry
        )

    def text(self, models: ServedModels) -> bytes:
        """Return all of it in Prometheus' format."""
        self._info.clear()
        self._refused.clear()
        for served in models:
            release = served.release
            entry, n = release.entry or "", "" if release.n is None else str(release.n)
            self._info.labels(release.model, release.artifact, entry, n).set(1)
        for name in models.refused:
            self._refused.labels(name).set(1)
        self._trouble.set(models.trouble is not None)
        return generate_latest(self._registry)
