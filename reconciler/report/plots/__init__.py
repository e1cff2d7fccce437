"""Plots as inline SVG: the one room that draws with matplotlib (the extra `report`), and only when a report is made."""
