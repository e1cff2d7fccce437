"""The quality of data: figures of the selected rows for the checks before a training, and what a copy must keep to."""
