"""How many OpenMP threads this process uses. The operator's choice, never a recipe's: no byte depends on it."""

from __future__ import annotations

import os


def share(threads: int) -> None:
    """From now on at most so many, in libraries that are loaded and in those that will be."""
    from threadpoolctl import threadpool_limits

    os.environ["OMP_NUM_THREADS"] = str(threads)  # scikit-learn reads it, too
    threadpool_limits(threads, user_api="openmp")
