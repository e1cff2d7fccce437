"""The list of bad inputs, row by row, and the tests that prove each: what is tried, what happens, where.

A row is proven by tests, named as pytest names them from `tests/`; a name without its parameters means all of them.
`test_bad_tables.py` holds that no row is missing and that each test exists. Where the list expected another code or
exit than the design has, the design holds, and the row says so.
"""

from __future__ import annotations

BAD = "unit/manifest/loading/test_bad_manifests.py::"
RULES = "unit/manifest/loading/test_cross_checks.py::"
RAW = BAD + "test_an_unreadable_document_is_refused"
FIELD = BAD + "test_a_wrong_field_is_refused_at_its_place"
CSV = "unit/data/tables/test_csv.py::"
EVIL = CSV + "test_evil_files_are_refused_with_code_and_line"
GIT = "integration/adapters/git/test_source_and_proposals.py::"
PLACES = "integration/app/test_locations.py::"
STREAMS = "integration/console/test_streams.py::"
USAGE = "unit/cli/test_usage.py::test_a_hostile_or_mistaken_argument_is_a_usage_error_with_a_remedy"
DISK = "integration/adapters/filesystem/test_store.py::"
TARGET = "integration/adapters/filesystem/test_target.py::"
FILE = "unit/cli/test_plan_file.py::"
STORY = "e2e/test_session.py::"
RECORDS = "inputs/test_damaged_records.py::"
FILES = "inputs/test_damaged_files.py::"
MORE = "inputs/test_edge_cases.py::"
TABLES = "inputs/test_real_world_tables.py::test_what_is_wrong_is_told_with_a_remedy_and_without_a_cell"
SAFE = "property/report/test_escaping.py::"
JUDGE = "unit/core/plan/test_gate_evaluation.py::"


def raw(*cases: str) -> tuple[str, ...]:
    return tuple(f"{RAW}[{case}]" for case in cases)


def field(*cases: str) -> tuple[str, ...]:
    return tuple(f"{FIELD}[{case}]" for case in cases)


Row = tuple[str, tuple[str, ...]]

ROWS: dict[int, Row] = {
    1: ("an empty manifest", raw("1 empty", "1 only comments", "1 only a mark")),
    2: ("no mapping at its top", raw("2 a list", "2 a text", "2 a number")),
    3: ("two documents", raw("3 two documents")),
    4: ("not UTF-8", raw("4 UTF-16", "4 Latin-1", "4 NUL")),
    5: ("a byte order mark and CRLF: the same digest", (BAD + "test_byte_order_marks_and_line_ends_change_nothing",)),
    6: ("tabs, quotes, indentation", raw("6 tab", "6 unclosed quote", "6 bad indent")),
    7: ("a key twice", raw("7 duplicate key")),
    8: ("anchors, aliases, merge keys", raw("8 anchor", "8 alias", "8 merge")),
    9: ("a bomb of aliases", (BAD + "test_bombs_of_aliases_and_merges_stop_at_the_first_anchor",)),
    10: ("a bomb of merge keys", raw("10 many merges")),
    11: ("an alias of itself", raw("11 self")),
    12: ("200 KB of brackets", raw("12 brackets", "12 closed brackets")),
    13: ("2 MB, or 60,000 keys", raw("13 large", "13 many")),
    14: ("tags", raw("14 python", "14 binary", "14 set", "14 local")),
    15: ("a number of 5,000 digits", raw("15 digits")),
    16: ("a lone surrogate", raw("16 surrogate")),
    17: ("characters that nobody sees", raw("17 bidi", "17 zero width")),
    18: ("names that differ in NFC and NFD", raw("18 decomposed")),
    19: (
        "keys that are no text (on and yes are text: YAML 1.2)",
        raw("19 number as key", "19 true as key", "19 nothing as key"),
    ),
    20: (
        "NO where text is due is text (YAML 1.2); true is refused",
        (RULES + "test_text_of_the_core_schema_is_text[NO]", *field("20 text due, a boolean")),
    ),
    21: (
        "1.10, 12345678, 010 where text is due",
        (RULES + "test_a_text_that_reads_as_something_else_asks_for_quotes",),
    ),
    22: (
        "1e-3 is a number (YAML 1.2); a quoted number is none",
        (RULES + "test_numbers_of_the_core_schema_are_numbers[1e-3]", *field("22 a text for a number")),
    ),
    23: (
        "1:30 and dates are text (YAML 1.2)",
        tuple(f"{RULES}test_text_of_the_core_schema_is_text[{one}]" for one in ("1:30", "2024-01-31")),
    ),
    24: ("no finite number", field("24 infinity", "24 too large", "24 not a number")),
    25: ("an unknown key", (*field("25 unknown"), RULES + "test_a_misspelt_field_names_the_nearest")),
    26: ("a missing field", field("26 missing")),
    27: ("text or truth for a number", field("27 quoted number", "27 true for a number")),
    28: (
        "numbers out of their range",
        field(
            *("28 seed below", "28 seed above", "28 no holdout", "28 all holdout"),
            *("28 more than all", "28 less than nothing"),
        ),
    ),
    29: ("names that are no names", (BAD + "test_a_name_is_a_dns_label",)),
    30: (
        "one model in two files",
        (*field("30 the same model in two files"), RULES + "test_the_same_model_or_table_by_another_case_is_refused"),
    ),
    31: ("a folder that says otherwise than the file", field("31 folder and file")),
    32: ("production that trains", field("32 no pin", "32 retrain")),
    33: ("a digest that nobody made", (MORE + "test_a_digest_that_nobody_made_is_not_deployed",)),
    34: ("a digest that is not whole", field("34 short digest", "34 upper case", "34 tag")),
    35: ("promotions in a circle or from nowhere", field("35 unknown source", "35 cycle", "35 copy from nowhere")),
    36: (
        "no estimator of the table",
        (RULES + "test_only_an_estimator_of_the_table_and_of_the_task_may_train", *field("36 os.system")),
    ),
    37: (
        "parameters that there are not, or nested ones",
        (
            RULES + "test_a_parameter_is_of_the_table_and_within_its_bounds",
            RULES + "test_an_estimator_inside_an_estimator_is_no_value",
        ),
    ),
    38: ("parameters over the cap, n_jobs", field("38 too many", "38 n_jobs")),
    39: ("metrics of nothing or of another task", field("39 unknown metric", "39 other task", "39 unknown class")),
    40: (
        "gates that decide nothing",
        (RULES + "test_a_gate_that_decides_nothing_is_refused", *field("40 no operator", "40 upside down")),
    ),
    41: ("production without a gate", (RULES + "test_nothing_is_promoted_without_a_gate_that_applies",)),
    42: (
        "secrets",
        (
            RULES + "test_a_secret_is_told_by_its_place_and_never_shown",
            RULES + "test_a_secret_in_the_place_of_a_key_is_found_and_not_shown",
        ),
    ),
    43: ("written for another version", field("43 newer", "43 a newer tool")),
    44: (
        "links, submodules, LFS",
        (
            BAD + "test_links_and_submodules_are_refused_by_name",
            BAD + "test_an_lfs_pointer_is_refused_by_name",
            GIT + "test_links_and_submodules_are_told_by_their_mode",
        ),
    ),
    45: (
        "paths that leave the project",
        (
            *field("45 absolute", "45 upwards", "45 backslash", "45 escaped", "45 NUL"),
            CSV + "test_a_path_stays_below_the_root_and_names_a_file",
        ),
    ),
    46: ("paths that differ in case only", (RULES + "test_the_same_model_or_table_by_another_case_is_refused",)),
    47: (
        "hostile revisions",
        (
            PLACES + "test_a_named_revision_is_read_and_a_hostile_one_is_refused",
            "contract/test_git.py::TestGitSource::test_a_hostile_revision_never_reaches_git",
        ),
    ),
    49: (
        "no repository, bare, unborn, dirty, detached",
        (
            GIT + "test_what_is_no_work_tree_is_an_error_with_a_remedy",
            GIT + "test_a_branch_without_a_commit_says_so_and_tracks_nothing",
            MORE + "test_dirty_detached_and_in_ci_a_plan_is_of_the_commit",
            MORE + "test_git_that_is_not_there_is_named",
        ),
    ),
    50: (
        "a shallow clone",
        (GIT + "test_in_a_short_clone_an_order_that_cannot_be_told_is_an_error_and_one_that_can_is_told",),
    ),
    51: (
        "a branch pushed back: exit 5, as every wrong order (the list has 6)",
        (MORE + "test_a_branch_that_was_pushed_back_before_the_last_applied_commit_is_refused",),
    ),
    53: ("a hostile .git/config", (GIT + "test_a_hostile_repository_starts_no_program_when_it_is_read",)),
    54: ("100,000 manifests", (MORE + "test_more_manifests_than_are_read_are_refused_before_any_is_read",)),
    68: (
        "markup, mentions and escapes in labels",
        (
            SAFE + "test_no_line_of_any_report_is_wider_than_its_page_or_reaches_the_terminal_raw",
            SAFE + "test_markdown_prose_holds_no_markup_mention_or_link_of_the_author",
        ),
    ),
    80: ("a store without exclusive create", (MORE + "test_a_file_system_without_exclusive_create_is_refused",)),
    81: ("a store that may not be read", (MORE + "test_a_store_that_may_not_be_read_is_never_an_empty_one",)),
    82: (
        "gaps, forks, broken chains",
        (
            "unit/engine/storage/test_numbered_log.py::test_a_gap_is_an_integrity_error_that_names_it",
            RECORDS + "test_a_lost_file_is_found_by_an_audit_and_never_means_that_nothing_is_deployed",
            RECORDS + "test_a_record_under_the_name_of_another_is_refused",
        ),
    ),
    83: (
        "empty, cut and damaged records",
        (
            RECORDS + "test_no_damaged_record_is_read",
            FILES + "test_whatever_becomes_of_a_stored_file_is_told_and_nothing_waits",
        ),
    ),
    84: (
        "locks of the dead and of the stopped (there are no leases: design, section 6)",
        (
            TARGET + "test_a_lock_that_is_never_released_ends_in_a_conflict_and_not_in_waiting",
            "e2e/promises/test_killed_proposals.py::test_a_lock_that_a_dead_git_left_is_named_with_what_to_do",
        ),
    ),
    85: (
        "a store's root that is a link, open to all, read-only, full",
        (
            DISK + "test_a_root_that_is_a_link_or_open_to_everybody_is_refused",
            DISK + "test_a_disk_that_is_full_is_told_with_the_path_and_the_bytes_needed",
            "e2e/promises/test_doctor.py::test_a_store_that_cannot_be_one_is_told",
        ),
    ),
    86: (
        "a metric that is missing, no number, or of other data",
        (
            JUDGE + "test_a_bound_that_is_met_exactly_is_met_and_what_is_no_number_meets_none",
            JUDGE + "test_a_comparison_with_a_number_missing_passes_under_no_rule",
            JUDGE + "test_a_comparison_of_another_gate_does_not_count",
        ),
    ),
    87: (
        "a saved plan after the head moved",
        (STORY + "test_a_reviewed_plan_is_applied_while_it_holds_and_left_alone_when_it_does_not",),
    ),
    88: (
        "a saved plan that was edited or is of another version",
        (
            FILE + "test_a_plan_that_was_edited_by_hand_is_an_integrity_error",
            FILE + "test_a_plan_file_that_is_cut_anywhere_or_is_something_else_is_refused",
            FILES + "test_whatever_becomes_of_a_plan_file_it_is_not_applied",
        ),
    ),
    89: (
        "a commit that weakens a gate and promotes: exit 5 until it is judged anew (approvals are a later issue)",
        (MORE + "test_a_gate_that_is_weakened_in_the_commit_that_promotes_has_judged_nothing_yet",),
    ),
    90: (
        "an older commit after a newer one",
        (
            "e2e/promises/test_repair.py::"
            "test_an_older_commit_after_a_newer_one_is_refused_and_names_where_production_is",
        ),
    ),
    91: (
        "equal, tied or missing incumbents",
        (
            JUDGE + "test_each_rule_reads_its_own_number",
            JUDGE + "test_without_an_incumbent_there_is_nothing_to_be_worse_than",
            JUDGE + "test_what_cannot_be_compared_is_refused_with_its_reason",
        ),
    ),
    92: (
        "empty, hostile and endless arguments",
        (USAGE, MORE + "test_an_argument_that_is_longer_than_any_name_is_refused_by_the_whole_command"),
    ),
    93: (
        "closed streams, no terminal, poor locales",
        (
            STREAMS + "test_closed_standard_streams_are_no_error",
            STREAMS + "test_a_reader_that_goes_away_changes_neither_the_exit_code_nor_the_quiet",
            STREAMS + "test_a_result_has_the_same_bytes_under_every_locale_and_variable",
            STREAMS + "test_a_terminal_that_knows_only_ascii_gets_only_ascii",
        ),
    ),
    94: ("a question without a terminal", (STREAMS + "test_without_a_terminal_or_in_ci_apply_wants_yes",)),
    95: (
        "no home, no temporary folder, read-only, umask 000",
        (
            STREAMS + "test_poor_surroundings_do_not_matter_or_are_named",
            STREAMS + "test_a_read_only_folder_can_be_planned_but_not_written_to",
        ),
    ),
    97: (
        "Ctrl-C at prompts and phases: exit 130 (the list has 1)",
        (
            STREAMS + "test_an_interruption_at_the_prompt_is_130_and_changes_nothing",
            MORE + "test_an_interruption_in_an_early_phase_is_130_and_the_next_run_does_it",
            STORY + "test_an_interrupted_training_is_130_leaves_no_child_and_the_next_run_finishes",
            "simulation/test_crash_at_every_write.py::test_a_fault_at_any_effect_is_healed_by_the_next_run",
        ),
    ),
    98: (
        "two init at once; init over a project; another's store",
        (
            MORE + "test_of_two_init_at_once_one_writes_and_the_other_says_so",
            "e2e/test_init.py::test_a_project_is_not_begun_twice",
            MORE + "test_the_store_of_another_project_is_not_written_to",
        ),
    ),
}

NOTHING = "inputs/test_bad_tables_change_nothing.py::"
UNCHANGED = NOTHING + "test_no_bad_table_leaves_anything_behind"  # the store, after each of these rows

# Rows of the issue about data.
DATA: dict[int, Row] = {
    55: (
        "missing, empty, header only",
        (f"{EVIL}[an empty file]", f"{TABLES}[empty]", f"{TABLES}[header only]", UNCHANGED),
    ),
    56: ("a cell too many", (f"{EVIL}[an extra cell]", f"{TABLES}[a cell too many]", UNCHANGED)),
    57: ("cut short", (f"{EVIL}[a last row cut short]", f"{TABLES}[cut short]", UNCHANGED)),
    58: ("a name twice", (f"{EVIL}[the same name twice]", f"{TABLES}[the same name twice]", UNCHANGED)),
    59: (
        "NA and 00123 stay text",
        (CSV + "test_text_stays_text", NOTHING + "test_what_reads_like_something_else_keeps_its_value"),
    ),
    60: ("another delimiter", (f"{EVIL}[semicolons]", f"{EVIL}[tabs]", UNCHANGED)),
    61: (
        "mixed types, infinity, two formats of dates",
        (
            f"{EVIL}[dates in two formats]",
            f"{EVIL}[one text among many numbers]",
            f"{TABLES}[an infinite number]",
            UNCHANGED,
        ),
    ),
    62: (
        "not UTF-8, NUL, unclosed quotes",
        (f"{EVIL}[latin-1 bytes]", f"{EVIL}[a NUL]", f"{EVIL}[an unclosed quote]", UNCHANGED),
    ),
    63: (
        "gzip and zip named .csv",
        (f"{EVIL}[gzip]", CSV + "test_a_zip_bomb_is_refused_before_it_is_unpacked", UNCHANGED),
    ),
    64: ("addresses", (CSV + "test_a_path_stays_below_the_root_and_names_a_file",)),
    65: ("a file that changes while it is read", (CSV + "test_a_file_that_is_written_to_while_it_is_read_is_refused",)),
    66: (
        "one class, too few rows, empty columns",
        (
            "unit/data/dataset/test_labels_and_split.py::test_one_class_only_and_empty_features_are_errors",
            "unit/data/dataset/test_labels_and_split.py::test_too_few_rows_are_an_error_with_numbers",
            f"{TABLES}[nothing that varies]",
        ),
    ),
    67: (
        "damaged Parquet",
        (CSV + "test_a_damaged_parquet_file_is_refused", CSV + "test_types_that_are_not_read_are_named", UNCHANGED),
    ),
}

LEFT_OUT = {
    48: "addresses of remotes: nothing is fetched yet",
    52: "signed commits",
    **dict.fromkeys(range(69, 80), "bundles"),
    96: "garbage collection",
}
