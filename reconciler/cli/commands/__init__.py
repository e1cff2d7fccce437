"""One module per command: parse, wire, one call of the engine, render, exit code."""
