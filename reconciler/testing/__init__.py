"""For people who test with this package, or write adapters for it: memory ports, faults, invariants, simulation."""
