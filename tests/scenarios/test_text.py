"""Text files: what is read, what is refused, and where the fault is said to stand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plansim.scenarios.text import (
    MOST_BYTES,
    MOST_DEPTH,
    Place,
    parse_yaml,
    read_table,
    read_text,
    read_yaml,
)
from plansim.simulator.conform import full_width_number
from plansim.simulator.errors import Fault, InputError

Refused = Callable[..., tuple[Fault, ...]]


def value_of(text: str) -> Any:
    return parse_yaml(f"k: {text}\n", "f")[0].data["k"]


def written(folder: Path, raw: bytes, name: str = "f.yaml") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


# -- what plain scalars are, by the core schema of YAML 1.2 ----------------------------------------

CORE: tuple[tuple[str, Any], ...] = (
    ("no", "no"),
    ("yes", "yes"),
    ("off", "off"),
    ("on", "on"),
    ("y", "y"),
    ("12:30", "12:30"),
    ("190:20:30", "190:20:30"),
    ("010", 10),
    ("0b1", "0b1"),
    ("1_000", "1_000"),
    ("1,000", "1,000"),
    ("2016-10", "2016-10"),
    ("2016-10-01", "2016-10-01"),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("1", 1),
    ("-5", -5),
    ("+5", 5),
    ("1.0", 1.0),
    ("1.", 1.0),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("-2.5E-3", -0.0025),
    ("x1.5", "x1.5"),
    ("'1'", "1"),
    ('"true"', "true"),
    ("''", ""),
    ("亿元", "亿元"),
    ("[1, a, 2.5]", [1, "a", 2.5]),
    ("{a: 1}", {"a": 1}),
)


@pytest.mark.parametrize(("text", "value"), CORE)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


def test_block_text_stays_text() -> None:
    assert parse_yaml("k: |\n  12\n  no\n", "f")[0].data == {"k": "12\nno\n"}
    assert parse_yaml("k: >\n  12\n  no\n", "f")[0].data == {"k": "12 no\n"}


def test_a_long_row_of_digits_is_a_finite_number() -> None:
    assert value_of("9" * 40) == pytest.approx(1e40)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.inf", "+.Inf", "1e999", "-1e400"])
def test_numbers_that_are_not_finite_are_refused(text: str, refused: Refused) -> None:
    (fault,) = refused(parse_yaml, f"a: 1\nk: {text}\n", "f")
    assert (fault.code, fault.path, fault.line, fault.column) == ("not_finite", "k", 2, 4)
    assert fault.fields["value"] == text


# -- places ----------------------------------------------------------------------------------------


def test_every_key_and_every_item_has_its_place() -> None:
    tree, top = parse_yaml("a: 1\nb:\n  c: [x, {d: 2}]\n  余姚: 3\n", "f")
    assert top is tree.data
    assert tree.data == {"a": 1, "b": {"c": ["x", {"d": 2}], "余姚": 3}}
    assert tree.place(("a",)) == Place("f", 1, 1)
    assert tree.place(("b", "c")) == Place("f", 3, 3)
    assert tree.place(("b", "c", 0)) == Place("f", 3, 7)
    assert tree.place(("b", "c", 1, "d")) == Place("f", 3, 11)
    assert tree.place(("b", "余姚")) == Place("f", 4, 3)
    assert tree.place(("b", "nowhere")) is None


def test_whole_numbers_are_keys_too() -> None:
    tree, _ = parse_yaml("path: {2020: 0.5, 2025: 1}\n", "f")
    assert tree.data == {"path": {2020: 0.5, 2025: 1}}
    assert tree.place(("path", 2025)) == Place("f", 1, 19)


# -- what is refused -------------------------------------------------------------------------------

REFUSED = (
    ("a: &x 1\nb: 2\n", "yaml_alias", "a", 1, 4),
    ("a: &x {c: 1}\n", "yaml_alias", "a", 1, 4),
    ("a: !!python/object:os.system {}\n", None, "", 0, 0),
    ("a: !!str 1\n", "yaml_tag", "a", 1, 4),
    ("a: !mine 1\n", "yaml_tag", "a", 1, 4),
    ("a: 1\nb: 2\na: 3\n", "duplicate_key", "a", 3, 1),
    ("p:\n  q: 1\n  q: 1\n", "duplicate_key", "p.q", 3, 3),
    ("a: 1\n---\nb: 2\n", "several_documents", "", 2, 1),
    ("a: ６２\n", "full_width_digits", "a", 1, 4),
    ("a: ３．５％\n", "full_width_digits", "a", 1, 4),
    ("a: −5\n", None, "", 0, 0),
    ("true: 1\n", "bad_key", "", 1, 1),
    ("1.5: 1\n", "bad_key", "", 1, 1),
    ("? [a]\n: 1\n", "bad_key", "", 1, 3),
    ("a: b: c\n", "broken_yaml", "", 1, 5),
    ("a: [1\n", "broken_yaml", "", 2, 1),
    ("a: {b: 1\nc: 2\n", "broken_yaml", "", 2, 2),
    ("a:\n\tb: 1\n", "broken_yaml", "", 2, 1),
    ("a：1\nb: 2\n", "full_width_colon", "", 2, 2),
    ("a: 1\nb：2\n", "full_width_colon", "", 3, 1),
)


@pytest.mark.parametrize(
    ("text", "code", "path", "line", "column"), [case for case in REFUSED if case[1] is not None]
)
def test_what_is_refused_is_named_with_its_place(
    text: str, code: str, path: str, line: int, column: int, refused: Refused
) -> None:
    fault = refused(parse_yaml, text, "f.yaml")[0]
    assert (fault.code, fault.path, fault.file) == (code, path, "f.yaml")
    assert (fault.line, fault.column) == (line, column)


def test_python_tags_are_only_words(refused: Refused) -> None:
    (fault,) = refused(parse_yaml, "a: !!python/name:os.system x\n", "f")
    assert fault.code == "yaml_tag"


def test_an_alias_is_refused_as_often_as_it_stands(refused: Refused) -> None:
    faults = refused(parse_yaml, "a: &x 1\nb: *x\nc: *x\n", "f")
    assert [(f.code, f.line) for f in faults] == [("yaml_alias", n) for n in (1, 2, 3)]


def test_many_faults_of_one_file_are_told_together(refused: Refused) -> None:
    faults = refused(parse_yaml, "a: .nan\nb: ６\nc: &x 1\na: 1\n", "f")
    codes = [f.code for f in faults]
    assert codes == ["not_finite", "full_width_digits", "yaml_alias", "duplicate_key"]
    assert [f.line for f in faults] == [1, 2, 3, 4]


def nested(depth: int, flow: bool) -> str:
    if flow:
        return "[" * depth + "]" * depth
    return "".join("  " * level + f"k{level}:\n" for level in range(depth))


@pytest.mark.parametrize("flow", [True, False])
def test_nesting_is_limited(flow: bool, refused: Refused) -> None:
    parse_yaml(nested(MOST_DEPTH, flow), "f")
    (fault,) = refused(parse_yaml, nested(MOST_DEPTH + 1, flow), "f")
    assert fault.code == "too_deep"
    assert fault.fields["most"] == MOST_DEPTH


def test_a_bomb_of_brackets_is_refused_at_once(refused: Refused) -> None:
    (fault,) = refused(parse_yaml, "[" * 200_000, "f")
    assert fault.code == "too_deep"


# -- files -----------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    plain = read_yaml(written(tmp_path, "名: 余姚\n".encode()), "f")
    marked = read_yaml(written(tmp_path, "名: 余姚\n".encode("utf-8-sig")), "f")
    assert plain.data == marked.data == {"名": "余姚"}
    assert marked.place(("名",)) == Place("f", 1, 1)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_yaml_in_another_encoding_is_refused_with_the_line(
    encoding: str, tmp_path: Path, refused: Refused
) -> None:
    path = written(tmp_path, "a: 1\nname: 余姚\n".encode(encoding))
    (fault,) = refused(read_yaml, path, "plan.yaml")
    assert (fault.code, fault.file) == ("wrong_encoding", "plan.yaml")
    assert fault.line == (2 if encoding == "gb18030" else 1)


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n\0\0\0", b"PK\x03\x04\x14\0\0\0", b"a: \0\n", b"a: \x07\n"]
)
def test_binary_is_refused(raw: bytes, tmp_path: Path, refused: Refused) -> None:
    faults = refused(read_yaml, written(tmp_path, raw), "f")
    assert {f.code for f in faults} <= {"wrong_encoding", "broken_yaml"}


def test_a_file_over_a_megabyte_is_refused_before_it_is_read(
    tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"#" * MOST_BYTES)
    assert len(read_text(path, "f")) == MOST_BYTES
    path = written(tmp_path, b"#" * (MOST_BYTES + 1))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    (fault,) = refused(read_text, path, "f")
    assert fault.code == "file_too_large"
    assert fault.fields == {"size": MOST_BYTES + 1, "most": MOST_BYTES}


def test_missing_files_and_folders_are_named(tmp_path: Path, refused: Refused) -> None:
    (missing,) = refused(read_text, tmp_path / "no.yaml", "no.yaml")
    assert (missing.code, missing.file) == ("file_missing", "no.yaml")
    (folder,) = refused(read_text, tmp_path, "a-folder")
    assert (folder.code, folder.file) == ("file_unreadable", "a-folder")


@pytest.mark.parametrize("text", ["- a\n", "just words\n", "12\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str, tmp_path: Path, refused: Refused) -> None:
    (fault,) = refused(read_yaml, written(tmp_path, text.encode()), "f")
    assert (fault.code, fault.line) == ("not_a_mapping", 1)


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, b""), "f").data == {}
    assert read_yaml(written(tmp_path, b"# nothing\n"), "f").data == {}


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_are_read_as_excel_and_wps_save_them(
    encoding: str, end: str, tmp_path: Path
) -> None:
    text = end.join(["id,name", "a,余姚", ',"x, ""y"""', "", "b,"]) + end
    rows = read_table(written(tmp_path, text.encode(encoding), "t.csv"), "t", ("id", "name"))
    assert [dict(row.cells) for row in rows] == [
        {"id": "a", "name": "余姚"},
        {"id": "", "name": 'x, "y"'},
        {"id": "b", "name": ""},
    ]
    assert [row.line for row in rows] == [2, 3, 5]


def test_a_line_break_inside_a_cell_is_kept_and_counted(tmp_path: Path) -> None:
    raw = b'id,name\na,"one\ntwo"\nb,c\n'
    rows = read_table(written(tmp_path, raw, "t.csv"), "t", ("id", "name"))
    assert rows[0].cells["name"] == "one\ntwo"
    assert rows[1].line == 4


BROKEN_TABLES = (
    (b"id\na\n", [("missing_column", 1)]),
    (b"id,name,nmae\na,b,c\n", [("unknown_column", 1)]),
    (b"id,name,id\na,b,c\n", [("duplicate_key", 1)]),
    (b"id,name\na\nb,c,d\n", [("cell_count", 2), ("cell_count", 3)]),
    (b'id,name\na,"b\n', [("broken_csv", 2)]),
    (b"", [("missing_column", 1), ("missing_column", 1)]),
    (b"id,name\na,\0\n", [("wrong_encoding", 0)]),
    (b"\xff\xff\xff\xff", [("wrong_encoding", 1)]),
)


@pytest.mark.parametrize(("raw", "expected"), BROKEN_TABLES)
def test_broken_tables_are_refused_line_by_line(
    raw: bytes, expected: list[tuple[str, int]], tmp_path: Path, refused: Refused
) -> None:
    faults = refused(read_table, written(tmp_path, raw, "t.csv"), "t.csv", ("id", "name"))
    assert sorted({(f.code, f.line) for f in faults}) == sorted(set(expected))
    assert {f.file for f in faults} == {"t.csv"}


# -- nothing else ever comes out -------------------------------------------------------------------


def faults_of(read: Callable[[], object]) -> tuple[Fault, ...] | None:
    """The faults of what is refused, None where it is read."""
    try:
        read()
    except InputError as problem:
        return problem.faults
    return None


CONFUSING = st.lists(
    st.sampled_from(
        [
            *":-[]{},&*!|>'\"%@`#?~\n \t=<",
            "：",
            "，",
            "６",
            "\u3000",
            "---\n",
            "...\n",
            "? ",
            ": ",
            "- ",
            "a",
            "1",
            "no",
            ".nan",
            "1e999",
            "<<",
            "!!python/object:os.system",
            "\0",
            "\ufeff",
            "\x85",
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), CONFUSING))
@example("? ? ? a")
@example("- - - a: {? b, c}")
@example("!<tag:yaml.org,2002:str> a")
@example("{? {a: 1} : 2}")
@example("*a : 1")
@example("&a &b c")
@example("%YAML 9.9\n---\na: 1")
def test_any_text_is_read_or_refused(text: str) -> None:
    found = faults_of(lambda: parse_yaml(text, "f"))
    if found is None:
        tree, _ = parse_yaml(text, "f")
        assert all(place.line >= 1 for place in tree.places.values())
    else:
        assert found
        assert {fault.file for fault in found} == {"f"}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.one_of(st.binary(max_size=120), CONFUSING.map(str.encode)))
def test_any_bytes_are_a_table_or_refused(raw: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, raw, "t.csv")
    assert faults_of(lambda: read_table(path, "t", ("id", "name"))) != ()
    assert faults_of(lambda: read_yaml(path, "t")) != ()


@given(st.from_regex(r"[-+]?[0-9]{1,6}(\.[0-9]{1,3})?%?", fullmatch=True))
def test_full_width_numbers_are_recognised_and_plain_ones_are_not(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in text)
    assert full_width_number(wide)
    assert not full_width_number(text)
