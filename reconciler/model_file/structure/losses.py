"""Check the loss of a boosted or generalised linear model: its link turns raw sums into predictions."""

from __future__ import annotations

from typing import Any

from reconciler.model_file.structure.rules import Attributes, check_equal, check_whole, refuse, type_name

_LOSS, _LINK, _NATIVE = "sklearn._loss.loss", "sklearn._loss.link", "sklearn._loss._loss"
# Of each loss its link, and whether it holds a quantile or counts classes.
_LINKS = {
    "AbsoluteError": "IdentityLink",
    "ExponentialLoss": "HalfLogitLink",
    "HalfBinomialLoss": "LogitLink",
    "HalfGammaLoss": "LogLink",
    "HalfMultinomialLoss": "MultinomialLogit",
    "HalfPoissonLoss": "LogLink",
    "HalfSquaredError": "IdentityLink",
    "HalfTweedieLoss": "LogLink",
    "HalfTweedieLossIdentity": "IdentityLink",
    "HuberLoss": "IdentityLink",
    "PinballLoss": "IdentityLink",
}
_CLASSES = frozenset({"ExponentialLoss", "HalfBinomialLoss", "HalfMultinomialLoss"})


def check_loss(value: Any, path: str, *, classes: int) -> None:
    """Check a loss and its link. `classes`: how many the model tells apart, 0 for a number."""
    name = type(value).__name__
    if name not in _LINKS or (name in _CLASSES) != bool(classes) or (name == "HalfMultinomialLoss") != (classes > 2):
        refuse(path, "a loss that fits the outcome", f"a {name}")
    attributes = Attributes(value, f"{_LOSS}.{name}", path)
    if type_name(attributes.take("closs")) != f"{_NATIVE}.Cy{name}":
        refuse(attributes.at("closs"), f"a Cy{name}", "another type")
    Attributes(attributes.take("link"), f"{_LINK}.{_LINKS[name]}", attributes.at("link")).close()
    known = attributes.take("n_classes")
    if name in _CLASSES:
        check_whole(known, 2, max(2, classes), attributes.at("n_classes"))
    else:
        check_equal(known, (None,), attributes.at("n_classes"))
    for flag in ("approx_hessian", "constant_hessian"):
        attributes.equal(flag, True, False)
    for unused in ("xp", "device", "class_indexing_offsets", "y_true_int", "y_true_one_hot"):
        if attributes.holds(unused):
            attributes.equal(unused, None)
    if name == "HuberLoss":
        attributes.number("quantile")
    for interval in ("interval_y_true", "interval_y_pred"):
        _check_interval(attributes.take(interval), attributes.at(interval))
    attributes.close()


def _check_interval(value: Any, path: str) -> None:
    attributes = Attributes(value, f"{_LINK}.Interval", path)
    for bound in ("low", "high"):
        if type(attributes.take(bound)) not in (int, float):
            refuse(attributes.at(bound), "a number", "another type")
    for flag in ("low_inclusive", "high_inclusive"):
        attributes.equal(flag, True, False)
    attributes.close()
