"""targets.csv: every fault of a row, with its line and its column by name."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plansim.scenarios.table import COLUMNS, OPTIONAL, REQUIRED, read_targets
from plansim.scenarios.text import read_table
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Plan, Target

Read = Callable[..., tuple[Target, ...]]
Faults = Callable[..., tuple[Fault, ...]]

ROW = {
    "id": "rd-2020", "indicator": "rd_to_revenue", "indicator_zh": "研发", "subject": "Yuyao",
    "subject_zh": "余姚市", "unit": "%", "basis": "share", "comparator": "reach", "direction": "up",
    "base_year": "2015", "base_value": "1.7", "year": "2020", "low": "2.0", "high": "",
    "kind": "outcome", "owner": "anticipated", "status": "judged", "reason": "", "reason_zh": "",
    "restates": "", "source": "yuyao-2016:L36",
}  # fmt: skip


def table(*rows: dict[str, str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@pytest.fixture
def read(tmp_path: Path, shipped_plan: Plan) -> Read:
    def from_rows(*rows: dict[str, str], encoding: str = "utf-8") -> tuple[Target, ...]:
        path = tmp_path / "targets.csv"
        path.write_bytes(table(*rows).encode(encoding))
        return read_targets(read_table(path, "mine/targets.csv", COLUMNS), shipped_plan)

    return from_rows


@pytest.fixture
def faults(read: Read) -> Faults:
    def of(*rows: dict[str, str]) -> tuple[Fault, ...]:
        with pytest.raises(InputError) as caught:
            read(*rows)
        return caught.value.faults

    return of


def test_the_columns_are_those_of_the_contract() -> None:
    assert tuple(ROW) == COLUMNS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"indicator": "rd_to_revenue", "year": "2020", "low": "2.0"},
            ("rd_to_revenue-2020", "Yuyao", "余姚市", "%", "share", "up", ""),
        ),
        (
            {"indicator": "output", "subject": "机器人", "year": "2020", "low": "200"},
            ("output-robotics-2020", "Robotics", "机器人", "亿元", "level", "up", "robotics"),
        ),
        (
            {"indicator": "energy_intensity", "basis": "change_vs_base", "unit": "%",
             "year": "2020", "low": "-16"},
            ("energy_intensity-2020", "Yuyao", "余姚市", "%", "change_vs_base", "down", ""),
        ),
    ],
)  # fmt: skip
def test_empty_cells_follow_from_the_indicator(
    read: Read, given: dict[str, str], expected: tuple[str, ...]
) -> None:
    (target,) = read(dict.fromkeys(COLUMNS, "") | given)
    found = (
        target.id, target.subject, target.subject_zh, target.unit, target.basis,
        target.direction, target.cluster,
    )  # fmt: skip
    assert found == expected
    assert (target.comparator, target.kind, target.status) == ("reach", "outcome", "judged")
    assert target.indicator_zh


def test_a_row_becomes_a_target(read: Read) -> None:
    (target,) = read(ROW)
    assert (target.id, target.low, target.high, target.year) == ("rd-2020", 2.0, None, 2020)
    assert (target.base_year, target.base_value) == (2015, 1.7)
    assert (target.cluster, target.scale) == ("", 0.01)


def test_a_cluster_is_found_by_its_english_name(read: Read) -> None:
    row = {**ROW, "indicator": "output", "subject": "Robotics", "unit": "万元", "basis": "level"}
    (target,) = read(row)
    assert (target.cluster, target.scale) == ("robotics", 1e-4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_makes_no_difference(encoding: str, read: Read) -> None:
    assert read(ROW, encoding=encoding) == read(ROW)


def test_columns_may_stand_in_any_order(read: Read, tmp_path: Path, shipped_plan: Plan) -> None:
    path = tmp_path / "turned.csv"
    lines = [list(reversed(line)) for line in csv.reader(io.StringIO(table(ROW)))]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    assert read_targets(read_table(path, "t", COLUMNS), shipped_plan) == read(ROW)


def test_a_stated_row_needs_no_indicator_of_the_plan(read: Read) -> None:
    row = {
        **ROW,
        "indicator": "dreams",
        "status": "stated",
        "reason": "no data",
        "year": "",
        "low": "",
    }
    (target,) = read(row)
    assert (target.year, target.low, target.status) == (None, None, "stated")


WRONG: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"year": ""}, "year", "empty_cell"),
    ({"basis": "levle"}, "basis", "not_a_choice"),
    ({"comparator": "approximate"}, "comparator", "not_a_choice"),
    ({"direction": "upp"}, "direction", "not_a_choice"),
    ({"kind": "outcomes"}, "kind", "not_a_choice"),
    ({"status": "juged"}, "status", "not_a_choice"),
    ({"low": "two"}, "low", "not_a_number"),
    ({"low": "2,0"}, "low", "not_a_number"),
    ({"low": "2.0%"}, "low", "not_a_number"),
    ({"low": "−2"}, "low", "not_a_number"),
    ({"high": "nan"}, "high", "not_finite"),
    ({"base_value": "inf"}, "base_value", "not_finite"),
    ({"low": "２．０"}, "low", "full_width_digits"),
    ({"year": "２０２０"}, "year", "full_width_digits"),
    ({"year": "2020.5"}, "year", "not_a_whole_number"),
    ({"base_year": "soon"}, "base_year", "not_a_number"),
    ({"low": "3", "high": "2"}, "low", "bounds_order"),
    ({"low": "", "high": ""}, "low", "judged_without_value"),
    ({"year": "2030"}, "year", "year_outside"),
    ({"base_year": "2010"}, "base_year", "year_outside"),
    ({"base_year": "2020"}, "year", "year_before_base"),
    ({"base_year": "", "year": "2015"}, "year", "year_before_base"),
    ({"indicator": "rd_to_revenu"}, "indicator", "unknown_indicator"),
    ({"subject": "Yuyaoo"}, "subject", "unknown_subject"),
    ({"subject": "Robotics"}, "subject", "unknown_subject"),
    ({"indicator": "output", "unit": "亿元", "subject": "Robotic"}, "subject", "unknown_subject"),
    ({"unit": "亿元"}, "unit", "unit_dimension"),
    ({"unit": "percent"}, "unit", "unknown_unit"),
    ({"status": "stated"}, "reason", "stated_without_reason"),
    ({"restates": "rd-2021"}, "restates", "unknown_target"),
)  # fmt: skip


@pytest.mark.parametrize(("change", "column", "code"), WRONG)
def test_every_fault_of_a_row_has_its_line_and_column(
    change: dict[str, str], column: str, code: str, faults: Faults
) -> None:
    fine = {**ROW, "id": "fine"}
    row = {**ROW, **change}
    fault = next(f for f in faults(fine, row) if f.code == code)
    assert (fault.file, fault.line) == ("mine/targets.csv", 3)
    assert fault.path == f"targets.{row['id'] or 3}.{column}"


@pytest.mark.parametrize(
    ("change", "near"),
    [
        ({"basis": "levle"}, "level"),
        ({"indicator": "rd_to_revenu"}, "rd_to_revenue"),
        ({"subject": "Yuyaoo"}, "Yuyao"),
        ({"restates": "fin"}, "fine"),
    ],
)
def test_the_nearest_name_is_suggested(change: dict[str, str], near: str, faults: Faults) -> None:
    (fault,) = faults({**ROW, "id": "fine"}, {**ROW, **change})
    assert fault.fields["nearest"] == near


def test_an_id_that_stands_twice_is_named_at_both_lines(faults: Faults) -> None:
    found = faults(ROW, {**ROW, "year": "2025"})
    assert [(f.code, f.line) for f in found] == [("duplicate_key", 2), ("duplicate_key", 3)]


def test_all_faults_of_all_rows_are_told_together(faults: Faults) -> None:
    rows: list[Any] = [{**ROW, **change, "id": f"r{i}"} for i, (change, _, _) in enumerate(WRONG)]
    found = faults(*rows)
    assert {f.line for f in found} == set(range(2, len(rows) + 2))
    assert {code for _, _, code in WRONG} <= {f.code for f in found}


@pytest.mark.parametrize(
    ("change", "scale"),
    [
        ({"basis": "annual_growth", "indicator": "value_added", "low": "8"}, 0.01),
        ({"basis": "change_vs_base", "indicator": "energy_intensity", "low": "-16"}, 0.01),
        ({"basis": "level", "indicator": "total_output", "unit": "万元"}, 1e-4),
        ({"basis": "change_vs_base", "indicator": "rd_to_revenue", "unit": "points"}, 0.01),
    ],
)
def test_growth_and_change_are_in_their_own_unit(
    change: dict[str, str], scale: float, read: Read
) -> None:
    (target,) = read({**ROW, **change})
    assert target.scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("given", "owner"),
    [
        ({"owner": "quota"}, "quota"),
        ({"owner": ""}, "market"),
        ({"owner": "", "kind": ""}, "market"),
        ({"owner": "", "kind": "activity"}, "administration"),
        ({"owner": "", "indicator": "listings", "unit": "家"}, "administration"),
        ({"owner": "market", "indicator": "listings", "unit": "家"}, "market"),
        (
            {"owner": "", "indicator": "rank", "kind": "policy", "status": "stated", "reason": "x"},
            "administration",
        ),
        (
            {
                "owner": "",
                "indicator": "rank",
                "kind": "outcome",
                "status": "stated",
                "reason": "x",
            },
            "market",
        ),
    ],
)
def test_an_owner_that_is_not_said_is_worked_out(
    read: Read, given: dict[str, str], owner: str
) -> None:
    (target,) = read(ROW | given)
    assert target.owner == owner


def test_an_unknown_owner_is_named_with_its_column(faults: Faults) -> None:
    (fault,) = faults(ROW | {"owner": "markt"})
    assert (fault.code, fault.fields["key"], fault.fields["nearest"]) == (
        "not_a_choice", "owner", "market",
    )  # fmt: skip


def test_the_column_of_owners_may_be_left_out(tmp_path: Path, shipped_plan: Plan) -> None:
    path = tmp_path / "targets.csv"
    rows = [row.split(",") for row in table(ROW).splitlines()]
    place = COLUMNS.index("owner")
    path.write_text("\n".join(",".join(c for i, c in enumerate(r) if i != place) for r in rows))
    (target,) = read_targets(read_table(path, "t", REQUIRED, OPTIONAL), shipped_plan)
    assert target.owner == "market"


@pytest.mark.parametrize(
    ("given", "zh", "en"),
    [
        ({"reason": "no data", "reason_zh": "无数据"}, "无数据", "no data"),
        ({"reason": "no data"}, "no data", "no data"),
        ({"reason_zh": "无数据"}, "无数据", "无数据"),
    ],
)
def test_a_reason_is_told_in_the_language_of_its_reader(
    read: Read, given: dict[str, str], zh: str, en: str
) -> None:
    (target,) = read({**ROW, "status": "stated", "indicator": "rank", **given})
    assert (target.reason_in("zh"), target.reason_in("en")) == (zh, en)
