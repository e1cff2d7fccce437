"""The evaluation of a model in full: its values, the rules of its grade, and what is said of them."""
