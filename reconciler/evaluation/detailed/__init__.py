"""The evaluation in full: figures with intervals, curves, calibration, influence and slices of a model on some rows."""
