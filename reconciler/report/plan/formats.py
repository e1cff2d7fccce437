"""Reporters whose text and Markdown live in two modules."""

from __future__ import annotations

from types import SimpleNamespace

from reconciler.report.plan import markdown, text

PLAN = SimpleNamespace(text=text.text, markdown=markdown.markdown)
