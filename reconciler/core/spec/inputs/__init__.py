"""What a model sees of a row: columns by type, and what is made of them."""
