"""The shipped plans, settled: what they said, and what was published since.

``calibration/data/plan_outturns.csv`` holds, with their addresses, the rows of ``outturns.csv``
there that an indicator of a shipped plan can be held against; figures from memory are not among
them. Later plans settle earlier ones. Nothing here is fitted, nothing is ever fitted to it.

``python benchmarks/settled.py --write`` puts the section into docs/score.md and the rate of 2019
into docs/settle.md; ``--derive`` writes the table anew.
"""

import argparse
import csv
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import plansim.calibration
from plansim.analysis.settle import Settled, Settlement, settle
from plansim.benchmarks.city_outturns import OWN, READINGS, outturns
from plansim.benchmarks.pages import DOCS, put, table
from plansim.reports.answers.settle import closing, tables
from plansim.reports.tables import Table
from plansim.scenarios.load import shipped
from plansim.scenarios.outturns import Outturns, follows, outturns_of
from plansim.scenarios.text import Row
from plansim.simulator.plan import Plan
from plansim.store.plans import load
from plansim.words.catalogue import say

DATA = Path(plansim.calibration.__path__[0]) / "data" / "plan_outturns.csv"
#: What every figure of the shipped settlement is told by.
SEED, DRAWS = 1, 10_000


@dataclass(frozen=True, slots=True)
class Read:
    """Which plan a published figure settles, as a row of ``settle --outturns``, and how it is read.

    ``key``: in ``outturns.csv``; ``year``: of its value.
    """

    key: str
    plan: str
    quantity: str
    measure: str
    how: str


READ = (
    Read("YY4 growth", "yuyao-2016", "value_added", "growth", "January to November for the year"),
    Read("SO1", "yuyao-2016", "city.lead_group", "", "worldwide, as the plan reads it"),
    Read("SX1", "shaoxing-2016", "value_added", "growth", "all industry above the size limit"),
)
#: Figures of the places themselves that settle nothing, and why.
LEFT = {
    "YY4 level": "at current prices, where the plan's indicator is at those of the base year",
    "SO9": "from memory",
    "YZ5 a year before": "a quarter",
    "YZ5 level": "a quarter",
    "YZ5 growth": "a quarter",
    "YZ6": "five months",
    "SX10 value added": "no indicator of the plan",
    "SX10 energy": "no indicator of the plan",
    "SX11 output": "no indicator of the plan",
    "SX11 input": "no indicator of the plan",
}
COLUMNS = (
    "plan", "quantity", "year", "value", "unit", "measure", "source", "address", "row", "read_as",
)  # fmt: skip


def derived() -> list[dict[str, str]]:
    """The lines of ``plan_outturns.csv``: published figures only."""
    return [dict(zip(COLUMNS, cells(one), strict=True)) for one in READ if is_seen(one.key)]


def cells(one: Read) -> tuple[str, ...]:
    found = outturns()[one.key]
    return (
        one.plan, one.quantity, found.year, f"{found.value:.10g}", found.unit, one.measure,
        f"outturns:{found.id}", found.address, one.key, one.how,
    )  # fmt: skip


def is_seen(key: str) -> bool:
    """Whether the source of a figure was read."""
    found = outturns()[key]
    return found.seen == "yes" and found.address != ""


def unaccounted() -> set[str]:
    """Figures of the places themselves that are neither read nor left, with a reason."""
    own = {key for reading in READINGS[:OWN] for key in reading.figures}
    return own - {one.key for one in READ} - set(LEFT)


def published(plan: Plan) -> Outturns:
    """What was published of a shipped plan."""
    with DATA.open(encoding="utf-8", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["plan"] == plan.plan.id]
    wanted = ("quantity", "year", "value", "unit", "measure", "source")
    place = plan.plan.region.en
    rows = [
        Row(n, {"subject": place if "." not in line["quantity"] else "", "sd": ""}
            | {name: line[name] for name in wanted}, "plan_outturns.csv")
        for n, line in enumerate(lines, start=2)
    ]  # fmt: skip
    return outturns_of(rows, plan)


def settlements(draws: int = DRAWS) -> Iterator[tuple[Plan, Settlement | None]]:
    """Every shipped plan with its score; None where nothing came yet."""
    plans = [load(name, uncalibrated=True) for name in shipped()]
    for plan in plans:
        told, later = published(plan), [other for other in plans if follows(plan, other)]
        if not told.found and not later:
            yield plan, None
            continue
        yield plan, settle(plan, told, later, draws=draws, seed=SEED)


# -- pages -----------------------------------------------------------------------------------------


def section(found: Sequence[tuple[Plan, Settlement | None]]) -> str:
    """The part of docs/score.md."""
    rows = [row for _, one in found if one is not None for row in one.rows]
    parts = [summary(rows)]
    for plan, one in found:
        if one is None:
            parts.append(f"### {plan.plan.id}\n\nNothing that was published settles it.")
        else:
            parts.append("\n\n".join([f"### {plan.plan.id}", *told(one)]))
    lines = [(key, outturns()[key].indicator, why) for key, why in LEFT.items()]
    left = table(("row of `outturns.csv`", "what", "why it settles nothing"), lines)
    return "\n\n".join([*parts, "### Published, and settling nothing", left])


def summary(rows: Sequence[Settled]) -> str:
    settled, early = (sum(row.status == status for row in rows) for status in ("settled", "early"))
    within = sum(row.within for row in rows)
    lines = (
        f"**{settled} targets of the shipped plans are settled in their own year**,",
        f"{early} figures show goals on their way, {len(rows) - settled - early} had no goal.",
        f"Of all {len(rows)},",
        f"{within} lie inside the 90 % interval. {DRAWS:,} draws, seed {SEED}, scenario `plan`.",
    )
    return " ".join(lines)


def told(one: Settlement) -> list[str]:
    return [*(markdown(each) for each in tables(one, "en")), "\n".join(bullets(one))]


def bullets(one: Settlement) -> list[str]:
    return [f"- {line}" for line in closing(one, "en")[:-1]]


def markdown(one: Table) -> str:
    heads = [say(f"column.{column}", "en") for column in one.columns]
    right = [place for place, column in enumerate(one.columns) if column in one.right]
    return f"*{one.title}*\n\n{table(heads, one.rows, right)}"


def rate(found: Sequence[tuple[Plan, Settlement | None]]) -> str:
    """The sentence of docs/settle.md on the value-added rate that Yuyao had in 2019."""
    one = next(one for plan, one in found if plan.plan.id == "yuyao-2016")
    assert one is not None
    row = next(r for r in one.rows if r.indicator == "va_rate" and r.year == 2019)
    where, side = "inside" if row.within else "**outside**", "above" if row.met else "below"
    error = f"{row.percentile_low:.0f} to {row.percentile_high:.0f} with the figure's own error"
    inside, verdict = 100 * (row.inside or 0.0), 100 * (row.in_goal_year or 0.0)
    lines = (
        f"By yuyao-2020 the rate of 2019 was {row.value:.1f} %, {side} the goal of 2020. It lies",
        f"{where} what yuyao-2016 said of 2019, {row.p05:.1f} to {row.p95:.1f} % (90 %), median",
        f"{row.p50:.1f}: at the percentile {row.percentile:.1f}, or {error}. {inside:.0f} % of the",
        f"futures stood at 21 % by 2019; the verdict on 2020 is {verdict:.0f} %. Its CRPS is",
        f"{row.crps:.1f} points, the error of the last value {row.crps_last:.1f}.",
    )
    return textwrap.fill(" ".join(lines), 118)


def derive() -> None:
    """Write ``plan_outturns.csv`` anew."""
    with DATA.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(derived())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--derive", action="store_true", help="write the table anew")
    parser.add_argument("--write", action="store_true", help="put the scores into the pages")
    arguments = parser.parse_args()
    if arguments.derive:
        derive()
        return
    found = list(settlements())
    text = section(found)
    print(text)
    if arguments.write:
        put(DOCS / "score.md", "settled", text)
        put(DOCS / "settle.md", "rate", rate(found))


if __name__ == "__main__":
    main()
