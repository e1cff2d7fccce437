"""Reports as a terminal and as a pull request show them."""

from __future__ import annotations

from typing import Any

from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle


def on_screen(report: Any, value: object, style: TextStyle | None = None) -> str:
    return to_text(report.blocks(value, Detail.SCREEN), style or TextStyle())


def as_page(report: Any, value: object) -> str:
    return to_markdown(report.blocks(value, Detail.PAGE))
