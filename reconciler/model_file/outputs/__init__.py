"""Turn what an estimator says into probabilities and a class, by the rules that the artifact keeps as plain numbers."""
