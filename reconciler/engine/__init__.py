"""The only code that sequences effects, through ports: observe, plan, apply, and the readers and writers beside it."""
