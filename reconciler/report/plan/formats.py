"""Reporters whose text and Markdown live in two modules."""

from __future__ import annotations

from types import SimpleNamespace

from reconciler.report.plan import markdown as plan_markdown
from reconciler.report.plan import text as plan

PLAN = SimpleNamespace(text=plan.text, markdown=plan_markdown.markdown)
