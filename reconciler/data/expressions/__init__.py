"""Row-local SQL expressions: parse, prove safe, write out again."""
