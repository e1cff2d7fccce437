"""Values as text, Markdown and JSON. Pure: a value and a `Look` in, a string out; decides nothing, reads nothing."""
