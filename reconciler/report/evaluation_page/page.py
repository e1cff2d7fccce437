"""The page of a model: one HTML document, the verdict first. The same bytes for the same report."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.site.model_report import ModelReport
from reconciler.report.evaluation_page import curves, origin, reasons, verdict
from reconciler.report.evaluation_page.confusion import matrix
from reconciler.report.evaluation_page.elements import Html, html, name, paragraph, section, text

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; style-src {style}'unsafe-inline'{script}; base-uri 'none'; form-action 'none'"


def page(report: ModelReport, *, plots: bool = True) -> str:
    """Return the document, which needs no other file. `plots`: draw them, which needs matplotlib."""
    return document(
        f"{report.model} in {report.environment}", body(report, plots=plots), style=f"<style>{STYLE}</style>"
    )


def document(title: str, content: str, *, style: str, policy: str | None = None, end: str = "") -> str:
    """Return a document around its content. `style`: an element; `policy`: what the page may load, by default
    nothing."""
    allowed = policy if policy is not None else policy_of()
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n{style}\n</head>\n<body>\n"
        f'<a class="skip" href="#main">To the content</a>\n{content}\n{end}</body>\n</html>\n'
    )


def policy_of(*, style: str = "", script: str = "") -> str:
    """Return the page's policy. `style`: where else than from the page itself styles come from; `script`: the hash of
    the one script."""
    return _POLICY.format(style=f"{style} " if style else "", script=f"; script-src {script}" if script else "")


def body(report: ModelReport, *, plots: bool, above: str = "") -> Html:
    """Return the content of a model's page. `above`: links of a site."""
    judged = report.judged
    parts = [verdict.verdict(report)]
    if judged is not None:
        parts += _evaluation(report, plots=plots)
    parts += [origin.versions(report, plots=plots), origin.data(report), origin.lineage(report)]
    if judged is not None:
        parts.append(origin.gates(judged))
    parts.append(origin.journal(report))
    return html(_header(report, above), f'<main id="main">{"".join(parts)}</main>')


def _evaluation(report: ModelReport, *, plots: bool) -> list[Html]:
    judged = report.judged
    assert judged is not None  # noqa: S101  (asked by the caller)
    full, own = judged.detailed, judged.evaluation
    if full is None:
        why = [paragraph(text(judged.unknown), kind="note")] if judged.unknown else []
        classes, confusion = [each.name for each in own.classes], own.confusion
        shown = [*why, verdict.brief_figures(own)]
        last = [reasons.brief_influence(own), verdict.comparison(report)]
    else:
        classes, confusion = [each.name for each in full.classes], full.confusion
        shown = [verdict.figures(full)]
        last = [
            curves.calibration(full, plots=plots),
            curves.curves(full, plots=plots),
            reasons.influence(full, plots=plots),
            reasons.slices(full, plots=plots),
            verdict.comparison(report),
        ]
    table = [section("confusion", "Confusion matrix", matrix(classes, confusion))] if confusion else []
    return [*shown, *table, *last]


def _header(report: ModelReport, above: str) -> Html:
    judged = report.judged
    about = []
    if judged is not None:
        about += [paragraph(text(judged.description))] if judged.description else []
        facts = [text(judged.state), name(judged.owner)] if judged.owner else [text(judged.state)]
        other = [html("evaluated on ", name(judged.other_rows))] if judged.other_rows else []
        about.append(paragraph(" · ".join((*facts, *other)), kind="note"))
    title = html(name(report.model), " in ", name(report.environment))
    return html(f"<header>{above}<h1>{title}</h1>", *about, "</header>")
