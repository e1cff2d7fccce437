"""The commands that `make test` forks from one warm process say and do what those say and do that start cold."""

from __future__ import annotations

import os
import platform
import select
import subprocess
import sys

import pytest

from reconciler.core.spec.runtime import fixed_environment
from tests.support.project import Project
from tests.support.warm_start import PYTHON, warm_workers

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="commands start cold"),
    pytest.mark.usefixtures("forked_commands"),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    "words",
    ["status -o json", "plan sandbox --check", "plan nowhere", "no-command", "validate", "doctor"],
)
def test_a_forked_command_says_what_a_cold_one_says(project: Project, words: str) -> None:
    project.environment |= {"RECONCILER_FORGE": "none", "GIT_AUTHOR_NAME": "Zoe", "TZ": "Asia/Tokyo"}
    assert project.run_warm(tuple(words.split())) == project.run_cold(tuple(words.split()))


def test_each_forked_command_has_its_own_environment(project: Project) -> None:
    forge = "RECONCILER_FORGE is set to it"
    project.environment["RECONCILER_FORGE"] = "none"
    assert forge in str(project.run_warm(("doctor",)))
    del project.environment["RECONCILER_FORGE"]
    assert forge not in str(project.run_warm(("doctor",)))


def test_another_python_and_other_variables_of_python_start_cold(project: Project) -> None:
    assert project.run_warm(("status",))
    project.environment["PYTHONPATH"] = str(project.root)
    assert project.run_warm(("status",)) is None
    del project.environment["PYTHONPATH"]
    project.python = f"{sys.executable}3"
    assert project.run_warm(("status",)) is None


def test_a_forked_worker_of_data_answers_as_a_cold_one_and_is_gone_with_the_program_that_stands_for_it() -> None:
    request = b'{"operation": "parse", "request": ["amount + 1", "sum(amount)"]}\n'
    answers = []
    for program in (warm_workers(), PYTHON):
        environment = fixed_environment({**os.environ, "OMP_NUM_THREADS": "1"}, architecture=platform.machine())
        with subprocess.Popen(
            [program, "-P", "-s", "-m", "reconciler.data"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        ) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(request)
            worker.stdin.flush()
            answers.append(worker.stdout.readline())
            worker.kill()
            assert select.select([worker.stdout], [], [], 60)[0], "nobody else holds the other end"
            assert worker.stdout.read() == b""
    assert answers[0] == answers[1]
    assert answers[0].startswith(b'{"ok": ')
