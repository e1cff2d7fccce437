"""The `reconciler` command: parse, wire, one engine call, render, exit code. Only here is printed or exited."""
