"""Reporters whose text and Markdown live in two modules."""

from __future__ import annotations

from types import SimpleNamespace

from reconciler.report import plan, plan_markdown

PLAN = SimpleNamespace(text=plan.text, markdown=plan_markdown.markdown)
