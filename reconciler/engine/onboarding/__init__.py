"""Carry out `init` over tables: the steps that go through ports."""
