"""Average fitted estimators by scikit-learn's own class for it, so that a model file needs no class of ours.

Its `fit` would pass weights of rows to no pipeline and give all members one preparation, so the members are fitted
before, and stand where its `fit` puts them. What it would only fit anew (`estimators`) has their names alone.
"""

from __future__ import annotations

from typing import Any


def average_of(members: list[tuple[str, Any]], shares: list[float], *, classifies: bool) -> Any:
    """Return a VotingClassifier or VotingRegressor of fitted estimators, by their names."""
    from sklearn.ensemble import VotingClassifier, VotingRegressor
    from sklearn.preprocessing import LabelEncoder

    names = [(name, None) for name, _ in members]
    fitted = [member for _, member in members]
    if not classifies:
        average = VotingRegressor(names, weights=shares)
        average.estimators_ = fitted
        return average
    average = VotingClassifier(names, voting="soft", weights=shares)
    average.estimators_ = fitted
    average.le_ = LabelEncoder().fit(fitted[0].classes_)
    average.classes_ = average.le_.classes_
    return average
