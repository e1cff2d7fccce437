"""Values and rules about the quality of data: what a model was trained on, and how far today's rows are from it."""
