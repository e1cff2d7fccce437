"""The list of bad inputs (research, section 3): each is refused with its code, at its place, without its value."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from reconciler.data.in_process import LocalExpressions
from reconciler.errors import InvalidManifestsError, Problem
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
MODEL = "manifests/sandbox/customer-payments.yaml"
PINNED = "manifests/production/customer-payments.yaml"
SANDBOX, PRODUCTION = "environments/sandbox.yaml", "environments/production.yaml"
DIGEST = "sha256:" + "a" * 64


def good() -> dict[str, bytes]:
    paths = ["reconciler.yaml", SANDBOX, PRODUCTION, MODEL, "requirements.lock"]
    return {path: (REPOSITORY / path).read_bytes() for path in paths}


def problems(files: dict[str, bytes], modes: dict[str, str] | None = None) -> tuple[Problem, ...]:
    tree = tuple(
        TreeFile(path=path, mode=(modes or {}).get(path, "100644"), id=path, size=len(body))
        for path, body in sorted(files.items())
    )
    try:
        load(files, tree, revision="c", expressions=LocalExpressions())
    except InvalidManifestsError as error:
        return error.problems
    return ()


def with_model(old: str, new: str) -> dict[str, bytes]:
    files = good()
    text = files[MODEL].decode()
    assert old in text, old
    return {**files, MODEL: text.replace(old, new, 1).encode()}


@pytest.mark.parametrize(
    ("written", "place", "told"),
    [
        ("hide", "", "E205 expected 'drop', 'redact' or 'pseudonym', found text"),
        ("[drop]", "", "E205 expected 'drop', 'redact' or 'pseudonym', found a list"),
        ("{generalise: week}", ".generalise", "E205 expected `month`, `year`, a step such as 10, or `first 2`"),
        ("{constant: 5}", ".constant", "E201 expected text, found a number"),
    ],
)
def test_a_treatment_is_judged_by_the_form_that_it_is_written_in(written: str, place: str, told: str) -> None:
    (found,) = problems(with_file(PRODUCTION, "customers.name: drop", f"customers.name: {written}"))
    assert found.field == f"spec.data.mask.customers.name{place}"
    assert f"{found.code} {found.message}".startswith(told)


@pytest.mark.parametrize(
    ("written", "code"), [("0.05", "E201"), ('"5"', "E205"), ("101%", "E205"), ("-1%", "E205"), ("five", "E205")]
)
def test_a_share_that_is_no_percentage_is_told_how_to_write_it(written: str, code: str) -> None:
    policy = f"  policy:\n    predict: {{unknownAtMost: {written}}}\n"
    (found,) = problems(with_file(PRODUCTION, "  policy:", policy + "  #"))
    assert (found.code, found.hint) == (code, None)
    assert "expected a percentage from 0% to 100%, such as 5% or 0.5%" in found.message


def with_file(path: str, old: str, new: str) -> dict[str, bytes]:
    files = good()
    text = files[path].decode()
    assert old in text, old
    return {**files, path: text.replace(old, new, 1).encode()}


def pinned(change: tuple[str, str] | None = None) -> dict[str, bytes]:
    files = good()
    text = (
        files[MODEL]
        .decode()
        .replace("spec:\n", f"spec:\n  artifact: {DIGEST}\n", 1)
        .replace("  retrain: {because: [recipe]}\n", "")
    )
    if change is not None:
        assert change[0] in text
        text = text.replace(*change, 1)
    return {**files, PINNED: text.encode()}


def test_the_shipped_manifests_are_valid() -> None:
    assert problems(good()) == ()
    assert problems(pinned()) == ()


RAW = {
    "1 empty": (b"", "E101"),
    "1 only comments": (b"# nothing\n", "E101"),
    "1 only a mark": (b"---\n", "E101"),
    "2 a list": (b"- a\n", "E102"),
    "2 a text": (b"hello\n", "E102"),
    "2 a number": (b"7\n", "E102"),
    "3 two documents": (b"a: 1\n---\nb: 2\n", "E103"),
    "4 UTF-16": ("a: 1\n".encode("utf-16"), "E104"),
    "4 Latin-1": (b"a: caf\xe9\n", "E104"),
    "4 NUL": (b"a: b\0c\n", "E104"),
    "6 tab": (b"a:\n\tb: 1\n", "E105"),
    "6 unclosed quote": (b'a: "b\n', "E105"),
    "6 bad indent": (b"a:\n  b: 1\n c: 2\n", "E105"),
    "7 duplicate key": (b"a: 1\nb: 2\na: 3\n", "E106"),
    "8 anchor": (b"a: &x 1\nb: 2\n", "E107"),
    "8 alias": (b"a: &x 1\nb: *x\n", "E107"),
    "8 merge": (b"a: 1\n<<: {b: 2}\n", "E107"),
    "10 many merges": (b"a: 1\n" + b"".join(b"m%d: {<<: {x: 1}}\n" % n for n in range(40)), "E107"),
    "11 self": (b"a: &x [*x]\n", "E107"),
    "12 brackets": (b"a: " + b"[" * 200_000, "E108"),
    "12 closed brackets": (b"a: " + b"[" * 40 + b"]" * 40 + b"\n", "E108"),
    "13 large": (b"a: " + b"x" * (2 * 1024**2) + b"\n", "E109"),
    "13 many": (b"".join(b"k%d: 1\n" % n for n in range(60_000)), "E109"),
    "14 python": (b"a: !!python/object/apply:os.system ['true']\n", "E110"),
    "14 binary": (b"a: !!binary aGk=\n", "E110"),
    "14 set": (b"a: !!set {x}\n", "E110"),
    "14 local": (b"a: !mine x\n", "E110"),
    "15 digits": (b"a: " + b"9" * 5000 + b"\n", "E111"),
    "16 surrogate": (b'a: "\\ud800"\n', "E112"),
    "17 bidi": ("a: x\u202ey\n".encode(), "E113"),
    "17 a line in a comment, U+2028": ("a: x  # as it was\u2028b: y\n".encode(), "E113"),
    "17 a line in a comment, U+0085": ("a: x  # as it was\u0085b: y\n".encode(), "E113"),
    "17 a line in a comment, CR": (b"a: x  # as it was\rb: y\n", "E113"),
    "17 zero width": ("a: x\u200by\n".encode(), "E113"),
    "18 decomposed": ("a: e\u0301\n".encode(), "E113"),
    "19 number as key": (b"1: a\n", "E114"),
    "19 true as key": (b"true: a\n", "E114"),
    "19 nothing as key": (b"~: a\n", "E114"),
}


@pytest.mark.parametrize(("body", "code"), RAW.values(), ids=RAW.keys())
def test_an_unreadable_document_is_refused(body: bytes, code: str) -> None:
    found = problems({**good(), MODEL: body})
    assert [problem.code for problem in found] == [code]
    assert found[0].where.file == MODEL
    assert found[0].where.line is not None


def test_bombs_of_aliases_and_merges_stop_at_the_first_anchor() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    started = time.perf_counter()
    assert [p.code for p in problems({**good(), MODEL: f"a0: &a0 x\n{levels}".encode()})] == ["E107"]
    assert time.perf_counter() - started < 30  # a bound against hanging, not a measurement


def test_byte_order_marks_and_line_ends_change_nothing() -> None:
    files = good()
    other = {**files, MODEL: b"\xef\xbb\xbf" + files[MODEL].replace(b"\n", b"\r\n")}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=1) for path in sorted(files))
    recipes = [
        load(given, tree, revision="c", expressions=LocalExpressions()).models[0].recipe_digest
        for given in (files, other)
    ]
    assert recipes[0] == recipes[1]


FIELDS = {
    "20 text due, a number": (with_model("owner: credit-and-collections", "owner: 1.10"), MODEL, "E201"),
    "20 text due, a boolean": (with_model("owner: credit-and-collections", "owner: true"), MODEL, "E201"),
    "22 a text for a number": (with_model("atLeast: 0.45", 'atLeast: "0.45"'), MODEL, "E201"),
    "24 infinity": (with_model("atLeast: 0.45", "atLeast: .inf"), MODEL, "E202"),
    "24 too large": (with_model("atLeast: 0.45", "atLeast: 1e400"), MODEL, "E202"),
    "24 not a number": (with_model("atLeast: 0.45", "atLeast: .nan"), MODEL, "E202"),
    "25 unknown": (with_model("metric: f1_macro", "metirc: f1_macro"), MODEL, "E203"),
    "26 missing": (with_model("    seed: 7\n", ""), MODEL, "E204"),
    "a feature called key": (with_model("numeric: [", "numeric: [key, "), MODEL, "E416"),
    "a feature called as a column of ours": (with_model("numeric: [", "numeric: [Possible_a, "), MODEL, "E416"),
    "27 quoted number": (with_model("seed: 7", 'seed: "7"'), MODEL, "E201"),
    "27 true for a number": (with_model("seed: 7", "seed: true"), MODEL, "E201"),
    "28 seed below": (with_model("seed: 7", "seed: -1"), MODEL, "E205"),
    "28 seed above": (with_model("seed: 7", f"seed: {2**40}"), MODEL, "E205"),
    "28 no holdout": (with_model("last: 20%", "last: 0%"), MODEL, "E205"),
    "28 all holdout": (with_model("last: 20%", "last: 100%"), MODEL, "E205"),
    "28 more than all": (with_model("last: 20%", "last: 150%"), MODEL, "E205"),
    "28 less than nothing": (with_model("last: 20%", "last: -1%"), MODEL, "E205"),
    "30 the same model in two files": (
        {**good(), MODEL.replace(".yaml", ".yml"): good()[MODEL]},
        MODEL.replace(".yaml", ".yml"),
        "E208",
    ),
    "31 folder and file": (with_model("name: customer-payments", "name: other"), MODEL, "E208"),
    "32 no pin": ({**good(), PINNED: good()[MODEL]}, PINNED, "E209"),
    "32 retrain": (pinned(("    seed: 7\n", "    seed: 7\n  retrain: {because: [recipe]}\n")), PINNED, "E209"),
    "34 short digest": (pinned((DIGEST, "sha256:abc")), PINNED, "E211"),
    "34 upper case": (pinned((DIGEST, DIGEST.upper())), PINNED, "E211"),
    "34 tag": (pinned((DIGEST, "latest")), PINNED, "E211"),
    "35 unknown source": (with_file(PRODUCTION, "[sandbox]", "[sandbx]"), PRODUCTION, "E212"),
    "35 cycle": (with_file(PRODUCTION, "[sandbox]", "[production]"), PRODUCTION, "E212"),
    "35 copy from nowhere": (with_file(SANDBOX, "copyFrom: production", "copyFrom: prod"), SANDBOX, "E212"),
    "36 os.system": (with_model("HistGradientBoostingClassifier", "os.system"), MODEL, "E213"),
    "36 a regressor": (with_model("HistGradientBoostingClassifier", "Ridge"), MODEL, "E213"),
    "36 keeps rows": (
        with_model(
            "HistGradientBoostingClassifier, params: {max_iter: 120, learning_rate: 0.05}", "KNeighborsClassifier"
        ),
        MODEL,
        "E213",
    ),
    "37 unknown parameter": (with_model("max_iter: 120", "max_itr: 120"), MODEL, "E214"),
    "37 ill-typed": (with_model("max_iter: 120", "max_iter: many"), MODEL, "E214"),
    "38 too many": (with_model("max_iter: 120", "max_iter: 1000000000"), MODEL, "E215"),
    "38 n_jobs": (with_model("max_iter: 120", "n_jobs: -1"), MODEL, "E215"),
    "39 unknown metric": (with_model("metric: f1_macro, atLeast: 0.45", "metric: auc, atLeast: 0.45"), MODEL, "E216"),
    "39 other task": (with_model("metric: f1_macro, atLeast: 0.45", "metric: r2, atLeast: 0.45"), MODEL, "E216"),
    "39 unknown class": (with_model("metric: f1_macro", '"metric": "recall:never"'), MODEL, "E216"),
    "40 no operator": (with_model("metric: f1_macro, atLeast: 0.45", "metric: f1_macro"), MODEL, "E217"),
    "40 always true": (with_model("atLeast: 0.45", "atLeast: 0"), MODEL, "E217"),
    "40 upside down": (with_model("atLeast: 0.45", "atLeast: 0.9, atMost: 0.1"), MODEL, "E217"),
    "40 lowest grade": (with_file(PRODUCTION, "atLeast: C", "atLeast: D"), PRODUCTION, "E217"),
    "42 key": (with_model("owner: credit-and-collections", "owner: AKIAABCDEFGHIJKLMNOP"), MODEL, "E219"),
    "42 password": (with_model("owner: credit-and-collections", "owner: https://me:hunter2@x.example/"), MODEL, "E219"),
    "43 newer": (with_model("apiVersion: reconciler/v1", "apiVersion: reconciler/v2"), MODEL, "E220"),
    "43 a newer tool": (
        with_file("reconciler.yaml", '">=0.1"', '">=99.0"'),
        "reconciler.yaml",
        "E220",
    ),
    "45 absolute": (with_file(PRODUCTION, "data/invoices.csv", "/etc/passwd"), PRODUCTION, "E302"),
    "45 upwards": (with_file(PRODUCTION, "data/invoices.csv", "../x.csv"), PRODUCTION, "E302"),
    "45 backslash": (with_file(PRODUCTION, "data/invoices.csv", "data\\\\x.csv"), PRODUCTION, "E302"),
    "45 NUL": (with_file(PRODUCTION, "path: data/invoices.csv", 'path: "data/\\0x.csv"'), PRODUCTION, "E113"),
    "45 escaped": (with_file(PRODUCTION, "data/invoices.csv", "data/%2e%2e/x.csv"), PRODUCTION, "E302"),
    "a mask without a key": (with_file(SANDBOX, "maxAge: 24h", "mask: {name: drop}"), SANDBOX, "E206"),
    "a leak": (with_model("[invoice_amount, ", "[days_late, invoice_amount, "), MODEL, "E223"),
    "a leak through derive": (
        with_model("invoice_month: month(invoice_date)", "invoice_month: month(paid_date)"),
        MODEL,
        "E223",
    ),
    "an expression": (with_model("invoice_amount >= 50 and", "(select 1) = 1 and"), MODEL, "E224"),
    "before it is derived": (
        with_model("terms_days: date_diff('day', invoice_date, due_date)", "terms_days: days_late + 1"),
        MODEL,
        "E222",
    ),
}


@pytest.mark.parametrize(("files", "path", "code"), FIELDS.values(), ids=FIELDS.keys())
def test_a_wrong_field_is_refused_at_its_place(files: dict[str, bytes], path: str, code: str) -> None:
    found = problems(files)
    hits = [problem for problem in found if problem.code == code]
    assert hits, [str(problem) for problem in found]
    assert hits[0].where.file == path
    assert hits[0].where.line is not None
    assert hits[0].where.line > 1 or hits[0].where.column is not None
    text = "\n".join(str(problem) for problem in found)
    assert not any(secret in text for secret in ("hunter2", "AKIAABCDEFGHIJKLMNOP"))


NAMES = [
    "../x",
    "prod\\n",
    "a/b",
    ".hidden",
    "-rf",
    "Prod",
    "pr\u043ed",
    "x" * 300,
    "prod.",
    "con",
    "$(id)",
    "%2e%2e",
    "a--b",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_dns_label(name: str) -> None:
    found = problems(with_model("name: customer-payments", f'name: "{name}"'))
    assert "E206" in [problem.code for problem in found]


def test_all_problems_of_all_files_are_told_at_once() -> None:
    files = with_model("seed: 7", "seed: -1")
    files[PRODUCTION] = files[PRODUCTION].replace(b"[sandbox]", b"[9]")
    files["manifests/sandbox/second.yaml"] = b"- a\n"
    found = problems(files)
    assert {problem.where.file for problem in found} == {MODEL, PRODUCTION, "manifests/sandbox/second.yaml"}


@pytest.mark.parametrize(("mode", "word"), [("120000", "symbolic link"), ("160000", "submodule")])
def test_links_and_submodules_are_refused_by_name(mode: str, word: str) -> None:
    found = problems(good(), {MODEL: mode})
    assert ("E301", MODEL) in [(problem.code, problem.where.file) for problem in found]
    assert any(word in problem.message for problem in found)


@pytest.mark.parametrize("folder", ["manifests", "environments"])
@pytest.mark.parametrize(
    ("mode", "kind"), [("120000", "a symbolic link"), ("160000", "a submodule"), ("100644", "a file")]
)
def test_a_folder_of_manifests_that_is_none_is_not_taken_for_no_manifests(folder: str, mode: str, kind: str) -> None:
    files = {path: body for path, body in good().items() if not path.startswith(f"{folder}/")}
    found = {problem.where.file: problem for problem in problems({**files, folder: b""}, {folder: mode})}
    assert (found[folder].code, found[folder].message) == ("E301", f"expected a folder, found {kind} (mode {mode})")


def test_an_lfs_pointer_is_refused_by_name() -> None:
    found = problems({**good(), MODEL: b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n"})
    assert [problem.code for problem in found] == ["E301"]


def test_the_place_of_an_expression_is_its_character() -> None:
    found = problems(with_model("on_time: days_late <= 0", "on_time: days_late <= random()"))
    line = good()[MODEL].decode().splitlines().index("        on_time: days_late <= 0") + 1
    assert [(p.code, p.where.line, p.where.column) for p in found] == [("E224", line, 18 + len("days_late <= "))]


def test_what_is_wrong_inside_a_mapping_is_not_told_as_another_kind_of_value() -> None:
    """`classes` may also be a list: a mapping with one bad name is a mapping."""
    found = problems(with_model("        late: days", '        "": days'))
    assert [problem.field for problem in found] == ["spec.recipe.outcome.classes."]


def test_a_value_that_fits_no_branch_of_a_union_is_one_problem() -> None:
    files = good()
    text = re.sub(r"      classes:\n(?:        .*\n)+", "      classes: 5\n", files[MODEL].decode(), count=1)
    problem = next(each for each in problems({**files, MODEL: text.encode()}) if each.code == "E201")
    assert problem.message == "expected a mapping or a list, found a number"
    assert sum(each.code == "E201" for each in problems({**files, MODEL: text.encode()})) == 1


def test_a_tab_is_called_a_tab() -> None:
    (problem,) = problems(with_model("    seed: 7", "\tseed: 7"))
    assert (problem.code, problem.message) == ("E105", "not YAML: a tab; indent with spaces")


@pytest.mark.parametrize(("mode", "kind"), [("120000", "a symbolic link"), ("160000", "a submodule")])
def test_a_lock_is_a_regular_file(mode: str, kind: str) -> None:
    """A link's text could be a lock by itself, while the file on disk is another."""
    (problem,) = problems(good(), {"requirements.lock": mode})
    assert (problem.code, problem.where.file) == ("E301", SANDBOX)
    assert kind in problem.message


@pytest.mark.parametrize("sign", ["\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\r"])
def test_no_line_of_a_lock_is_hidden_in_a_comment(sign: str) -> None:
    """pip installs it, and a reviewer sees no more than a comment."""
    lock = good()["requirements.lock"]
    (problem,) = problems({**good(), "requirements.lock": lock + f"# as it was{sign}evil==1\n".encode()})
    assert (problem.code, problem.where.file) == ("E113", SANDBOX)


@pytest.mark.parametrize("folder", [".git", ".GIT/x", "a/.git/b"])
def test_no_path_names_gits_own_folder(folder: str) -> None:
    files = with_file(PRODUCTION, "data/invoices.csv", f"{folder}/invoices.csv")
    assert {problem.code for problem in problems(files)} == {"E302"}
