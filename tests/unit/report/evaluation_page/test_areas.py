"""Of two classes the areas are of one of them: of the frequent one they look well whatever the model finds."""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.core.evaluation.figures import Figure
from reconciler.report.evaluation import judged_model
from reconciler.report.evaluation_page import verdict
from tests.golden.report.rendering import on_screen
from tests.support.evaluations import judged
from tests.support.model_reports import SCRIPT, classification


def test_it_is_said_of_which_class_they_are_and_what_the_average_precision_of_the_other_is() -> None:
    two = classification(2)
    rare, common = two.classes
    rare = replace(rare, name=SCRIPT, figures=(Figure(name="average_precision", value=0.61, low=0.4, high=0.78),))
    shown = replace(two, classes=(rare, replace(common, name="fine")))
    said = " ".join(on_screen(judged_model, judged(shown)).split())
    assert f"roc_auc and average_precision are of fine; average_precision of {SCRIPT}: 0.610 (0.400 to 0.780)" in said
    page = verdict.figures(shown)
    assert SCRIPT not in page
    assert re.search(r"average_precision are of <bdi>fine</bdi>; average_precision of <bdi>.*</bdi>: 0\.610", page)
    assert "average_precision are of" not in verdict.figures(classification(5))
