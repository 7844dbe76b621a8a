"""What becomes a row of the evidence: seen, closed, no outturn of the plans' own places."""

import csv
from pathlib import Path

import pytest

from plansim.benchmarks.closed_targets import COLUMNS, read, rows_of, write
from plansim.calibration.fulfilment import ClosedTarget, growth_ratio, pace_of

FIELDS = (
    "id", "plan", "level", "horizon", "kind", "field", "indicator", "base_year", "target_year",
    "target", "outturn", "met", "req_pace", "past_pace", "req_over_past", "source", "confidence",
    "note", "place",
)  # fmt: skip
LOCAL = {
    "id": "L1", "plan": "report", "level": "province", "horizon": "1 year", "kind": "anticipatory",
    "field": "growth", "indicator": "GDP growth (real)", "base_year": "2011", "target_year": "2012",
    "target": "8", "outturn": "9", "met": "yes", "past_pace": "10", "source": "page, city 130100",
    "confidence": "seen: target and outturn", "place": "浙江",
}  # fmt: skip
NATION = LOCAL | {
    "id": "F1", "plan": "China 12th Five-Year Plan", "level": "nation (China)",
    "horizon": "5 years", "field": "R&D ratio", "base_year": "2010", "target_year": "2015",
    "req_over_past": "1.25",    "place": "",
}  # fmt: skip


def derived(folder: Path, local: list[dict], others: list[dict]) -> dict[str, ClosedTarget]:
    """The rows of two lists, by id, without those that are shipped beside them."""
    for name, rows in (("local_targets", local), ("plan_fulfilment", others)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, FIELDS, restval="")
            table.writeheader()
            table.writerows(rows)
    return {row.id: row for row in rows_of(folder) if not row.id.startswith("A")}


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": "from memory"},
        {"confidence": "sources of the outturn disagree"},
        {"confidence": "target seen; met status seen, no outturn figure"},
        {"target": ""},
        {"outturn": ""},
        {"note": "value of year four; the ministry itself expects the miss"},
        {"place": "绍兴市", "target_year": "2018"},
    ],
)
def test_what_was_not_seen_is_no_row(change: dict[str, str], tmp_path: Path) -> None:
    assert list(derived(tmp_path, [LOCAL, LOCAL | {"id": "L2"} | change], [])) == ["L1"]


def test_an_early_outturn_of_an_own_place_is_a_row(tmp_path: Path) -> None:
    assert "L2" in derived(tmp_path, [LOCAL | {"id": "L2", "place": "绍兴市"}], [])


def test_of_a_target_in_both_lists_the_local_one_is_kept(tmp_path: Path) -> None:
    twice = LOCAL | {"id": "F2", "plan": "Chongqing annual"}
    assert set(derived(tmp_path, [LOCAL | {"place": "重庆"}], [twice, NATION])) == {"L1", "F1"}


def test_words_of_the_lists_become_those_of_the_view(tmp_path: Path) -> None:
    found = derived(tmp_path, [LOCAL], [NATION])["F1"]
    cell = (found.level, found.kind, found.field, found.horizon, found.place)
    assert cell == ("nation", "anticipatory", "rnd", "multi-year", "中国")
    assert found.pace == 1.0


def test_a_goal_met_in_part_was_not_met(tmp_path: Path) -> None:
    assert not derived(tmp_path, [LOCAL | {"met": "partly"}], [])["L1"].met


def test_growth_is_held_against_the_slowed_past(tmp_path: Path) -> None:
    found = derived(tmp_path, [LOCAL], [])["L1"]
    assert found.pace == pytest.approx(pace_of(growth_ratio(8, 10, 1)))


def test_a_pandemic_year_is_no_past(tmp_path: Path) -> None:
    before = LOCAL | {"id": "L2", "base_year": "2018", "target_year": "2019", "outturn": "6"}
    after = LOCAL | {"id": "L3", "base_year": "2020", "target_year": "2021", "past_pace": "2"}
    rows = derived(tmp_path, [before, after], [])
    assert rows["L3"].pace == pytest.approx(pace_of(growth_ratio(8, 6, 2)))
    unknown = derived(tmp_path, [after], [])
    assert unknown["L3"].pace is None


def test_what_is_written_is_read_again_and_says_where_it_was_read(tmp_path: Path) -> None:
    rows = list(derived(tmp_path, [LOCAL], [NATION]).values())
    write(rows, tmp_path)
    again = read(tmp_path)
    for row, back in zip(rows, again, strict=True):
        for name in COLUMNS[:8]:
            assert getattr(back, name) == getattr(row, name)
        assert back.pace == pytest.approx(row.pace, abs=5e-4)
    with (tmp_path / "closed_target_sources.csv").open(encoding="utf-8") as stream:
        assert {row["address"] for row in csv.DictReader(stream)} == {"page"}


def test_the_shipped_rows_come_from_lists_of_known_addresses() -> None:
    folder = Path(__file__).resolve().parents[2] / "calibration" / "data"
    with (folder / "closed_target_sources.csv").open(encoding="utf-8") as stream:
        known = {row["source"]: row["address"] for row in csv.DictReader(stream)}
    assert {row.source for row in read()} == set(known)
    assert all(known.values())
