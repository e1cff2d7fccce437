"""Load, predict, measure, compare: all that production may import. Nothing here fits anything."""
