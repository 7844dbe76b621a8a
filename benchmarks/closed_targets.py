"""Derives ``calibration/data/closed_targets.csv``: targets whose time is over, with what came.

Run as ``python benchmarks/closed_targets.py --data DIR``. DIR holds the raw lists, which are no
part of the project: ``local_targets.csv`` (provinces and prefectures) and ``plan_fulfilment.csv``
(nations, industry plans, other countries). A third, ``found_targets.csv``, is shipped. What is
kept, and why: ``calibration/data/SOURCES.md``.

A row is kept where target and outturn were read as figures in a source, or where the source grades
every place. Rows from memory, rows of which only a chosen status was read, and rows whose sources
disagree are left out; of a target that stands in two lists the first is kept. Outturns of the
shipped plans' places since 2018 are refused.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import plansim.calibration
from plansim.calibration.fulfilment import PANDEMIC, ClosedTarget, growth_ratio, pace_of

DATA = Path(plansim.calibration.__path__[0]) / "data"
COLUMNS = (
    "id", "level", "kind", "field", "horizon", "year", "place", "plan", "pace", "met", "reported",
    "source",
)  # fmt: skip
#: Words of the lists, and those of the outside view.
LEVELS = {
    "nation (China)": "nation", "nation (China), industry plan": "nation", "province": "province",
    "prefecture": "prefecture", "prefecture city": "prefecture", "county": "county",
    "county or district": "county", "other country": "abroad",
}  # fmt: skip
KINDS = {"activity count": "count"}
FIELDS = {
    "volume": "level", "output": "level", "R&D": "rnd", "R&D ratio": "rnd",
    "emissions": "environment", "waste": "environment", "energy intensity": "energy",
    "energy mix": "energy",
    "water intensity": "water", "localisation": "structure", "digitalisation": "digital",
    "high-tech share": "structure",
}  # fmt: skip
#: Places of the second list, as the first calls them.
PLACES = {
    "Chongqing": "重庆", "Shanxi": "山西", "Tibet": "西藏", "Henan": "河南", "Quanzhou": "泉州市",
    "Ningbo": "宁波市",
}  # fmt: skip
#: Nothing may be learned from what came of the shipped plans.
OWN_PLACES, OWN_SINCE = re.compile("余姚|慈溪|鄞州|绍兴"), 2018
#: Words of a note that say the outturn is not that of the end.
EARLY = re.compile("year four|mid-term|first half|months before")
#: What was officially counted as met although the first goal was not, and the other way round: the
#: goal was lowered later, or the source says so beside its figures.
REPORTED = {"L3251": True, "L3252": True, "F008": True, "F125": True}
#: NDRC notice no. 55 of 2008: all provinces met their energy target of 2007 but these.
ENERGY_2007 = frozenset(("河北", "山西", "内蒙古", "海南", "贵州", "宁夏", "新疆"))


def rows_of(folder: Path) -> list[ClosedTarget]:
    """Every closed target that was seen: local ones, those of nations, those found later."""
    raw = list(_read(folder / "local_targets.csv"))
    growth = growth_by_place(raw)
    local = [_local(row, growth) for row in raw if _seen(row)]
    held = {(row.place, row.year, row.horizon, row.field) for row in local}
    others = [_other(row) for row in _read(folder / "plan_fulfilment.csv") if _seen(row)]
    rows = local + [
        row for row in others if (row.place, row.year, row.horizon, row.field) not in held
    ]
    rows += [_found(row) for row in _read(DATA / "found_targets.csv")]
    return [row for row in rows if not (OWN_PLACES.search(row.place) and row.year >= OWN_SINCE)]


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def _seen(row: Mapping[str, str]) -> bool:
    """Whether target and outturn were read as figures, in sources that agree, after the end."""
    read_both = row["confidence"].startswith("seen") and row["target"] and row["outturn"]
    return bool(read_both) and not EARLY.search(row["note"])


def growth_by_place(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, int], float]:
    """Growth of a place in a year, from the outturns and the past paces of all its targets."""
    known: dict[tuple[str, int], float] = {}
    for row in rows:
        if row["field"] != "growth" or row["horizon"] != "1 year":
            continue
        year = int(row["target_year"])
        if row["past_pace"]:
            known.setdefault((row["place"], year - 1), float(row["past_pace"]))
        if row["outturn"]:
            known[row["place"], year] = float(row["outturn"])
    return known


def _local(row: Mapping[str, str], growth: Mapping[tuple[str, int], float]) -> ClosedTarget:
    field = "energy" if row["indicator"].startswith("energy") else row["field"]
    pace = None
    if row["horizon"] == "1 year" and field == "growth":
        pace = _annual_pace(float(row["target"]), row["place"], int(row["target_year"]), growth)
    elif row["past_pace"] and field in ("growth", "volume"):
        pace = _plan_pace(row)
    elif row["req_over_past"]:
        pace = pace_of(float(row["req_over_past"]))
    reported = REPORTED.get(row["id"])
    if field == "energy" and row["target_year"] == "2007" and row["level"] == "province":
        reported = row["place"] not in ENERGY_2007
    return _closed(row, FIELDS.get(field, field), row["place"], pace, reported)


def _annual_pace(
    target: float, place: str, year: int, growth: Mapping[tuple[str, int], float]
) -> float | None:
    """Against the last year that was no pandemic's; None where its growth is not known."""
    past = year - 1
    while past in PANDEMIC:
        past -= 1
    if (place, past) not in growth:
        return None
    return pace_of(growth_ratio(target, growth[place, past], year - past))


def _plan_pace(row: Mapping[str, str]) -> float | None:
    """Against the five years before the plan; None where a pandemic was in them."""
    base, end = int(row["base_year"]), int(row["target_year"])
    if PANDEMIC & set(range(base - 4, base + 1)):
        return None
    years = (end - base + 5) / 2
    return pace_of(growth_ratio(float(row["req_pace"]), float(row["past_pace"]), years))


def _other(row: Mapping[str, str]) -> ClosedTarget:
    level = LEVELS[row["level"]]
    end = int(re.findall(r"\d+", row["target_year"])[-1])
    if end < 100:  # "1951-56"
        end += int(row["target_year"][:2]) * 100
    place = "中国" if level == "nation" else row["plan"].split()[0]
    pace = None
    if level == "nation" and row["field"] == "growth" and row["past_pace"]:
        base = int(row["base_year"])
        annual = row["horizon"] == "1 year"
        gap = 1.0 if annual else (end - base + 5) / 2
        if not (annual and base in PANDEMIC):
            ratio = growth_ratio(float(row["req_pace"]), float(row["past_pace"]), gap)
            pace = pace_of(ratio)
    elif row["req_over_past"]:
        pace = pace_of(float(row["req_over_past"]))
    field = FIELDS.get(row["field"], row["field"])
    return _closed(
        {**row, "target_year": str(end)}, field, PLACES.get(place, place), pace,
        REPORTED.get(row["id"]),
    )  # fmt: skip


def _found(row: Mapping[str, str]) -> ClosedTarget:
    """A row that was read for this table; where every place of a list has a grade, by its grade."""
    return ClosedTarget(
        id=row["id"],
        level=row["level"],
        kind=row["kind"],
        field=row["field"],
        horizon=row["horizon"],
        year=int(row["year"]),
        place=row["place"],
        plan=row["plan"],
        pace=None,
        met=row["met"] == "yes",
        reported=row["reported"] == "yes",
        source=row["source"],
    )


def _closed(
    row: Mapping[str, str], field: str, place: str, pace: float | None, reported: bool | None
) -> ClosedTarget:
    """A row of either list. A goal that was met in part was not met."""
    return ClosedTarget(
        id=row["id"],
        level=LEVELS[row["level"]],
        kind=KINDS.get(row["kind"], row["kind"]),
        field=field,
        horizon="annual" if row["horizon"] == "1 year" else "multi-year",
        year=int(row["target_year"]),
        place=place,
        plan=row["plan"],
        pace=pace,
        met=row["met"] == "yes",
        reported=reported,
        source=row["source"],
    )


def write(rows: Iterable[ClosedTarget], folder: Path) -> None:
    """The table of rows, and that of their sources by number."""
    rows = list(rows)
    sources = {source: f"S{n}" for n, source in enumerate(_sources(rows), start=1)}
    with (folder / "closed_targets.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in rows:
            pace = "" if row.pace is None else f"{row.pace:.3f}"
            table.writerow(
                (
                    row.id, row.level, row.kind, row.field, row.horizon, row.year, row.place,
                    row.plan, pace, _word(row.met), _word(row.reported), sources[_address(row)],
                )
            )  # fmt: skip
    with (folder / "closed_target_sources.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("source", "address"))
        table.writerows((number, address) for address, number in sources.items())


def _address(row: ClosedTarget) -> str:
    """Where a row was read, without its line in a panel."""
    return re.sub(r", city \d+$|, prov(ince)? .*$", "", row.source)


def _sources(rows: Iterable[ClosedTarget]) -> list[str]:
    return list(dict.fromkeys(_address(row) for row in rows))


def _word(value: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[value]


def read(folder: Path = DATA) -> list[ClosedTarget]:
    """The shipped rows, as they were written."""
    words = {"yes": True, "no": False, "": None}
    return [
        ClosedTarget(
            id=row["id"],
            level=row["level"],
            kind=row["kind"],
            field=row["field"],
            horizon=row["horizon"],
            year=int(row["year"]),
            place=row["place"],
            plan=row["plan"],
            pace=float(row["pace"]) if row["pace"] else None,
            met=row["met"] == "yes",
            reported=words[row["reported"]],
            source=row["source"],
        )
        for row in _read(folder / "closed_targets.csv")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Derive the table of closed targets.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw lists")
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    write(rows_of(arguments.data), arguments.out)


if __name__ == "__main__":
    main()
