"""GitOps for machine-learning models.

A git repository declares, per environment, which models should run and how they are made; the reconciler
compares that with what is deployed and closes the difference. Training happens only in a sandbox; production
receives artifacts byte for byte, by digest.

`reconciler.Project` is the same for notebooks and services as the command line is for a terminal;
`reconciler.load` loads a deployed model, verified, in a program of yours.
"""

__all__ = ["Project", "__version__", "load"]
__version__ = "0.1.0"

TYPE_CHECKING = False  # `typing` has one, too, and would be imported for it
if TYPE_CHECKING:
    from reconciler.api.load import load
    from reconciler.api.project import Project


def __getattr__(name: str) -> object:
    """Import the Python API where it is used: the command line starts without it."""
    if name == "load":
        from reconciler.api.load import load

        return load
    if name != "Project":
        raise AttributeError(f"module 'reconciler' has no attribute {name!r}")
    from reconciler.api.project import Project

    return Project
