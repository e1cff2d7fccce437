"""A project's files for CI: chosen by `init`, written again by `ci`."""
