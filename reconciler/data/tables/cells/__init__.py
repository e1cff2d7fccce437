"""Find how the cells of a column are written: signs of numbers, dates, words for missing, and what has two readings."""
