"""Check the classifiers that take each class for normally distributed: discriminant analysis and naive Bayes."""

from __future__ import annotations

import math
from typing import Any

from reconciler.model_file.structure.linear import check_weights
from reconciler.model_file.structure.rules import Attributes, ModelScope, check_range


def _check_discriminant(value: Any, path: str, scope: ModelScope) -> None:
    attributes = Attributes(value, "sklearn.discriminant_analysis.LinearDiscriminantAnalysis", path)
    features = attributes.whole("n_features_in_", scope.features, scope.features)
    classes = attributes.classes(scope, least=2)
    check_weights(attributes, features, classes)
    check_range(attributes.array("priors_", classes), 0, 1, attributes.at("priors_"))
    attributes.array("means_", classes, features)
    attributes.whole("_max_components", 0, classes)
    # Which of these there are depends on the solver; only a transform, which no model of ours is, would read them.
    if attributes.holds("xbar_"):
        attributes.array("xbar_", features)
    if attributes.holds("scalings_"):
        attributes.array("scalings_", features, None)
    if attributes.holds("covariance_"):
        attributes.array("covariance_", features, features)
    if attributes.holds("explained_variance_ratio_"):
        attributes.numbers("explained_variance_ratio_")
    if attributes.holds("_n_features_out"):
        attributes.whole("_n_features_out", 0, features)
    attributes.close()


def _check_gaussian(value: Any, path: str, scope: ModelScope) -> None:
    attributes = Attributes(value, "sklearn.naive_bayes.GaussianNB", path)
    features = attributes.whole("n_features_in_", scope.features, scope.features)
    classes = attributes.classes(scope)
    attributes.array("theta_", classes, features)
    check_range(attributes.array("var_", classes, features), 0, math.inf, attributes.at("var_"))
    check_range(attributes.array("class_prior_", classes), 0, 1, attributes.at("class_prior_"))
    check_range(attributes.array("class_count_", classes), 0, math.inf, attributes.at("class_count_"))
    attributes.number("epsilon_")
    attributes.close()


CHECKS = {"GaussianNB": _check_gaussian, "LinearDiscriminantAnalysis": _check_discriminant}
