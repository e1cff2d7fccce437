"""`python -m reconciler` is the `reconciler` command."""

from reconciler.cli.main import run

if __name__ == "__main__":
    run()
