"""What a training would be refused for is told by `validate` and `plan`, at its line; what is printed can be typed."""

from __future__ import annotations

from tests.support.project import Project

MODEL = "manifests/sandbox/lateness.yaml"


def line_of(project: Project, text: str) -> int:
    lines = (project.root / MODEL).read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_mistyped_column_is_told_before_anything_is_trained(project: Project) -> None:
    """By validate, by plan and by apply alike; the other models, here none, and the store are left alone."""
    project.recipe("numeric: [amount,", "numeric: [amuont,")
    place = f"{MODEL}:{line_of(project, 'amuont')}:17: E416"
    validated = project.run("validate", code=2)
    assert place in validated.out
    assert "did you mean amount?" in validated.out
    planned = project.run("plan", "sandbox", code=2)
    assert place in planned.out
    assert "did you mean amount?" in planned.out
    assert "trained" not in planned.out
    applied = project.run("apply", "sandbox", "--yes", code=2)
    assert place in applied.out
    snapshot = project.run("plan", "sandbox", code=2)  # by now against the data snapshot, not the file
    assert place in snapshot.out
    document = project.run("validate", "-o", "json", code=2).json
    assert [one["code"] for one in document["error"]["problems"]] == ["E416"]


def test_a_table_that_is_not_here_is_a_note(project: Project) -> None:
    (project.root / "data/invoices.csv").rename(project.root.parent / "invoices.csv")
    valid = project.run("validate")
    assert "the columns of production's invoices (data/invoices.csv) were not looked up" in valid.out
    assert project.run("validate", "-o", "json").json["notes"] == [valid.out.splitlines()[1].removeprefix("! ")]
    planned = project.run("plan", "sandbox")
    assert "were not looked up" in planned.out
    (project.root / "elsewhere/data").mkdir(parents=True)
    (project.root.parent / "invoices.csv").rename(project.root / "elsewhere/data/invoices.csv")
    assert "not looked up" not in project.run("validate", "--data-root", str(project.root / "elsewhere")).out


def test_a_runtime_that_is_not_the_lock_s_is_told_with_the_command_that_mends_it(project: Project) -> None:
    lock = project.root / "requirements.lock"
    installed = next(line for line in lock.read_text().splitlines() if line.startswith("numpy=="))
    lock.write_text(lock.read_text().replace(installed, "numpy==1.0.0 \\"))
    project.commit("Another numpy")
    version = installed.removeprefix("numpy==").rstrip(" \\")
    told = f"numpy 1.0.0, found {version}"
    for command in (("validate",), ("plan", "sandbox"), ("doctor",)):
        out = " ".join(project.run(*command, code=None).out.split())
        assert told in out, command
        assert "pip install numpy==1.0.0" in out, command
    failed = project.run("apply", "sandbox", "--yes", code=None)
    assert "pip install numpy==1.0.0" in failed.out


def test_a_day_that_is_declared_later_counts_at_the_next_apply(project: Project) -> None:
    """What the refusal says to do does it: asOf takes a new snapshot at once, however young the last one is."""
    production = project.root / "environments/production.yaml"
    text = production.read_text()
    production.write_text(text.replace("asOf: 2024-12-31", "asOf: 2024-06-30"))
    project.commit("A day too early")
    refused = project.run("apply", "sandbox", "--yes", code=1)
    assert "E412" in refused.out
    assert "asOf" in refused.out
    assert "`reconciler apply sandbox --refresh`" in refused.out
    production.write_text(text)
    project.commit("The right day")
    planned = project.run("plan", "sandbox")
    assert "data snapshot 0 is as of 2024-06-30; asOf is 2024-12-31 now" in planned.out
    assert "trained" in project.run("apply", "sandbox", "--yes").out
    assert "Nothing to do." in project.run("plan", "sandbox").out


def test_the_first_digits_of_a_digest_are_enough(trained: Project) -> None:
    digest = trained.model_status("sandbox")["artifact"]
    digits = digest.removeprefix("sha256:")
    proposed = trained.run("promote", "lateness", "--to", "production", "--digest", digits[:7], "-o", "json").json
    assert proposed["artifact"] == digest
    unknown = trained.run("promote", "lateness", "--to", "production", "--digest", "000000", code=2)
    assert "E210 no artifact of lateness in production, sandbox begins with 000000" in unknown.err
    assert digits[:12] in unknown.err
    assert "0 or more" not in trained.run("reproduce", "xyz", code=2).err
    assert trained.run("reproduce", f"sha256:{digits[:6]}", "-o", "json").json["equal"] is True


def test_a_new_snapshot_is_taken_when_it_is_asked_for(trained: Project) -> None:
    planned = trained.run("plan", "sandbox", "--refresh")
    assert "a new data snapshot is asked for" in planned.out
    assert "reconciler apply sandbox --refresh" in planned.out
    assert "took data snapshot 1" in trained.run("apply", "sandbox", "--yes", "--refresh").out
    refused = trained.run("apply", "production", "--yes", "--refresh", code=2)
    assert "E801 production has no data snapshot to refresh" in refused.err


def test_a_result_in_a_pipe_is_not_wrapped(project: Project) -> None:
    project.recipe(
        "numeric: [amount,", "numeric: [amuont, " + ", ".join(f"a_rather_long_name_{n}" for n in range(9)) + ","
    )
    (line,) = [line for line in project.run("plan", "sandbox", code=2).out.splitlines() if "amuont" in line]
    assert len(line) > 100


def test_training_rows_that_begin_after_today_are_told_before_a_run(project: Project) -> None:
    key = "      key: invoice_id\n"
    project.recipe(key, f"{key}      train: {{by: issued, since: 2999-01-01}}\n")
    validated = " ".join(project.run("validate").out.split())
    assert "`since: 2999-01-01` lies ahead of today" in validated
    assert "manifests/sandbox/lateness.yaml:" in validated
    assert "`since: 2999-01-01` lies ahead of today" in " ".join(project.run("plan", "sandbox").out.split())
