"""What a request can bring so that somebody's program runs it: each leaves a file of its name where it ran."""

from __future__ import annotations

from pathlib import Path

MODULES = (
    *("pip", "venv", "ensurepip", "reconciler", "numpy", "duckdb", "pyarrow", "yaml", "pydantic", "click", "sklearn"),
    *("json", "subprocess", "github", "gitlab", "setuptools"),
)
FILES = ("sitecustomize", "usercustomize", "sysconfig", "runpy", "platform", "typing_extensions", "build_hooks")
PROGRAMS = ("git", "python", "python3", "pip3", "reconciler-bin", "ps")


def plant(root: Path, canaries: Path) -> None:
    """Put all of it into a checkout."""
    canaries.mkdir()

    def code(name: str) -> str:
        return f"open({str(canaries / name)!r}, 'a').close()\n"

    def write(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    for name in MODULES:
        write(f"{name}/__init__.py", code(f"module {name}"))
        write(f"{name}/__main__.py", code(f"module {name}"))
    for name in FILES:
        write(f"{name}.py", code(f"file {name}"))
    for name in PROGRAMS:
        write(name, f"#!/bin/sh\n: > '{canaries / f'program {name}'}'\nexit 0\n")
        (root / name).chmod(0o755)
    hooks = "[build-system]\nrequires = []\nbuild-backend = 'build_hooks'\nbackend-path = ['.']\n"
    write("pyproject.toml", f"{hooks}[tool.pip]\nisolated = false\n")
    write("setup.py", code("setup.py"))
    write("setup.cfg", "[install]\nprefix = .\n")
    settings = (
        f"[install]\ntarget = {canaries / 'pip.conf'}\n[global]\nno-index = false\nindex-url = http://127.0.0.1:9/\n"
    )
    for place in ("pip.conf", ".pip/pip.conf", ".config/pip/pip.conf", "pip.ini"):
        write(place, settings)
    write(".netrc", "machine 127.0.0.1 login a password b\n")
    write(".env", "PYTHONPATH=.\n")
    write(".python-version", "../..\n")
    write("pyvenv.cfg", "home = .\ninclude-system-site-packages = true\n")
    write("evil.pth", f"import os; {code('evil.pth')}")
    lock = root / "requirements.lock"
    lock.write_text(f"{lock.read_text()}-e .\n")
    write("Makefile", f"all:\n\t: > '{canaries / 'Makefile'}'\n")
    write(".gitattributes", "* filter=planted diff=planted merge=planted\n")
    write(".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c false\n')
    write(".github/actions/here/action.yml", "runs: {using: composite, steps: []}\n")


def settings_of_git(canaries: Path) -> dict[str, str]:
    """Settings that a runner's own clone could hold: programs for the filters that a request names."""
    ran = f"sh -c ': > \"{canaries}/git setting\"; cat'"
    return {
        "filter.planted.clean": ran,
        "filter.planted.smudge": ran,
        "diff.planted.textconv": ran,
        "diff.planted.command": ran,
        "core.fsmonitor": ran,
    }
