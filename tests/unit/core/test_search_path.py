"""Nothing is found in the folder that a command runs in: not git, not a library, not a module."""

from __future__ import annotations

import pytest

from reconciler.core.search_path import absolute_folders
from reconciler.core.spec.runtime import fixed_environment


@pytest.mark.parametrize("given", [":/usr/bin", "/usr/bin:", ".:/usr/bin", "bin::/usr/bin", "../x:/usr/bin:./y"])
def test_what_means_the_current_folder_is_left_out(given: str) -> None:
    assert absolute_folders(given) == "/usr/bin"


def test_no_worker_searches_the_current_folder() -> None:
    parent = {"PATH": "/bin:", "LD_LIBRARY_PATH": ":/opt/lib", "PYTHONPATH": ".", "PYTHONSTARTUP": "x.py"}
    fixed = fixed_environment(parent, architecture="x86_64")
    assert (fixed["PATH"], fixed["LD_LIBRARY_PATH"]) == ("/bin", "/opt/lib")
    assert not {"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONUSERBASE"} & fixed.keys()
    assert "LD_LIBRARY_PATH" not in fixed_environment({"LD_LIBRARY_PATH": "."}, architecture="x86_64")
