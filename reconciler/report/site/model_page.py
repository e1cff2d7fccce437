"""The page of one model within a site."""

from __future__ import annotations

from reconciler.core.site.model_report import ModelReport
from reconciler.report.evaluation_page.page import body
from reconciler.report.site.layout import nav, page

PAGE_VERSION = 1
"""Pages of another version are written again."""


def model_page(report: ModelReport, *, plots: bool) -> bytes:
    """Return the page. `plots`: draw them, which needs matplotlib."""
    above = nav(report.environment, up="../")
    return page(f"{report.model} in {report.environment}", body(report, plots=plots, above=above), up="../")
