"""The log of one future: the very future of a run, its rows, its tables, its files."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from plansim.reports.answers.trace import (
    COLUMNS,
    DAYS,
    calendar,
    event_csv,
    event_records,
    heading,
    longest,
    trace_tables,
    traced,
)
from plansim.reports.terminal import drawn
from plansim.reports.words.delivery import reason, wait_words
from plansim.reports.words.delivery import scheduled as closing
from plansim.scenarios.load import load
from plansim.simulator.coverage import queued
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.future import draw_parameters
from plansim.simulator.model import Model
from plansim.simulator.plan import Plan
from plansim.simulator.queues import bring, serve
from plansim.simulator.sampling import STREAM_BLOCK, Block
from plansim.simulator.trace import Lot, Step, Trace, trace

LANGUAGES = ("en", "zh")
KEYS = ("retrofits", "plots", "training")
OWN = "programmes.retrofits.queue.stages.works"
BUDGET = "programmes.retrofits.queue.subsidy.budget"


@pytest.fixture(scope="module")
def future(plan: Plan) -> Trace:
    return trace(plan)


@pytest.fixture(scope="module")
def records(future: Trace) -> list[dict[str, Any]]:
    return event_records(future, KEYS)


def faults(call: Callable[..., object], *arguments: object) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.faults


# -- the future is that of a run -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "luck"), [(1, "a"), (1, "b"), (300, "a"), (STREAM_BLOCK + 7, "b")]
)
def test_the_times_are_those_of_the_recursion_to_the_last_bit(
    plan: Plan, draw: int, luck: str
) -> None:
    """The block here is another than the one that the trace is cut from, as in a run."""
    number, lane = divmod(draw - 1, STREAM_BLOCK)
    model, block = Model.of(plan), Block(3, number, 0, 512)
    p = draw_parameters(model, block).p
    passages = serve(model.network, bring(plan, model.network, p, block, luck))
    deliveries = queued(plan, model.network, p, passages)
    found = trace(plan, seed=3, draw=draw, luck=luck)
    for key in KEYS:
        passage, end = passages[key], found.until
        for lot in range(len(passage.applied)):
            applied = passage.applied[lot, lane]
            if applied >= end:
                assert lot >= len(found.lots[key])
                continue
            way = found.lots[key][lot]
            assert (way.number, way.applied) == (lot + 1, applied)
            for step in way.steps:
                assert step.passed == within(
                    passage.passed[step.stage, step.station], lot, lane, end
                )
                if not step.is_gate:
                    assert step.ended == within(passage.ended[step.stage], lot, lane, end)
            assert way.delivered == within(passage.delivered, lot, lane, end)
            assert len(way.steps) <= sum(len(r) for r in model.network.routes[key].values())
        by_year = [sum(lot.delivered < y + 1 for lot in found.lots[key]) for y in range(int(end))]
        share = plan.programmes[key].lot / found.planned[key]
        np.testing.assert_array_equal(deliveries[key].stock[:, lane], np.array(by_year) * share)


def within(table: Any, lot: int, lane: int, end: float) -> float:
    time = float(table[lot, lane])
    return time if time < end else inf


def test_draws_and_lucks_are_futures_of_their_own(plan: Plan) -> None:
    first = [trace(plan, draw=d, luck=k).events for d in (1, 2) for k in ("a", "b")]
    assert len(set(first)) == 4
    assert trace(plan, draw=2, luck="b").events == first[3]


def test_arguments_out_of_range_are_named_together(plan: Plan) -> None:
    found = faults(trace, plan, -1, 0, "c")
    assert [(f.code, f.path) for f in found] == [
        ("argument_range", name) for name in ("draw", "seed", "luck")
    ]
    assert faults(trace, plan, 1, 10**9 + 1)[0].path == "draw"


# -- rows ------------------------------------------------------------------------------------------


def test_rows_have_the_columns_of_the_contract_in_order_of_time(
    records: Sequence[dict[str, Any]],
) -> None:
    assert {tuple(r) for r in records} == {COLUMNS}
    times = [r["time"] for r in records]
    assert times == sorted(times)
    assert all(r["year"] == date.fromisoformat(r["time"]).year for r in records)
    assert {r["event"] for r in records} == {
        "applied", "waits", "takes", "begins", "ends", "drops_out", "delivered",
    }  # fmt: skip


def test_what_was_waited_for_is_named_with_its_reason(plan: Plan) -> None:
    futures = [event_records(trace(plan, draw=draw), KEYS) for draw in range(1, 9)]
    assert {r["waited_for"] for records in futures for r in records} == {
        "",
        "server: offices.hall",
        f"server: {OWN}",
        "server: programmes.training.queue.stages.course",
        "stopped: programmes.training.queue.stages.course",
        "money: quotas.fund",
        f"money: {BUDGET}",
        "land: quotas.land",
    }


def test_nothing_stands_where_nothing_was_waited_for(records: Sequence[dict[str, Any]]) -> None:
    for r in records:
        passing = r["event"] in ("takes", "begins")
        assert (r["waited_days"] is not None) == passing
        if passing:
            assert bool(r["waited_for"]) or r["waited_days"] == 0
        else:
            assert bool(r["waited_for"]) == (r["event"] == "waits")


def test_a_row_of_waiting_has_its_end_in_a_row_of_passing(
    future: Trace, records: Sequence[dict[str, Any]]
) -> None:
    waits: dict[tuple[str, str, str], str] = {}
    for r in records:
        place = (r["entity"], r["stage"], r["waited_for"])
        if r["event"] == "waits":
            assert place not in waits
            waits[place] = r["time"]
        elif r["waited_for"]:
            days = date.fromisoformat(r["time"]) - date.fromisoformat(waits.pop(place))
            assert abs(days.days - r["waited_days"]) <= 1.5
    still = sum(s.passed == inf for key in KEYS for s in future.steps(key))
    assert len(waits) == still > 0


def test_rows_tell_the_whole_way_of_a_lot(future: Trace, records: Sequence[dict[str, Any]]) -> None:
    lot = next(x for x in future.lots["retrofits"] if x.delivered < inf)
    rows = [r for r in records if r["entity"] == f"retrofits/{lot.number}"]
    way = [(r["stage"], r["event"]) for r in rows if r["event"] != "waits"]
    assert way == [
        ("", "applied"),
        ("review", "begins"), ("review", "ends"),
        ("works", "takes"), ("works", "begins"), ("works", "ends"),
        ("acceptance", "begins"), ("acceptance", "ends"),
        ("", "delivered"),
    ]  # fmt: skip


def test_only_the_programmes_asked_for_are_told(future: Trace) -> None:
    assert {r["programme"] for r in event_records(future, ("plots",))} == {"plots"}


def test_csv_is_what_the_records_say(records: Sequence[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO(event_csv(records).decode())))
    assert rows == [{k: "" if v is None else str(v) for k, v in r.items()} for r in records]
    assert event_csv([]) == (",".join((*COLUMNS, "programme_name")) + "\n").encode()


@pytest.mark.parametrize(
    ("time", "day"),
    [
        (0.0, "2015-01-01"),
        (0.999999, "2015-12-31"),
        (1.0, "2016-01-01"),
        (1.0 + 59.5 / 366, "2016-02-29"),
        (2.0 + 59.5 / 365, "2017-03-01"),
        (np.nextafter(3.0, 0.0), "2017-12-31"),
    ],
)
def test_a_time_is_a_day_of_its_own_year(time: float, day: str) -> None:
    assert calendar(2015, time).isoformat() == day


# -- tables ----------------------------------------------------------------------------------------


def by_hand(future: Trace, **lots: tuple[Lot, ...]) -> Trace:
    return replace(future, lots={**dict.fromkeys(KEYS, ()), **lots})


def step(stage: str, station: str, arrived: float, passed: float, ended: float = inf) -> Step:
    gates = ("budget", "land", "fund")
    cause: Any = "quota" if station.endswith(gates) else "server"
    return Step(stage, station, arrived, cause, passed, ended)


@pytest.fixture(scope="module")
def small(future: Trace) -> Trace:
    """Three lots: one delivered, one dropped out, one that waits twice and is not done."""
    return by_hand(
        future,
        retrofits=(
            Lot(1, 1.2, [
                step("review", "offices.hall", 1.2, 1.2, 1.5), step("works", BUDGET, 1.5, 1.5),
                step("works", OWN, 1.5, 1.5, 2.2), step("acceptance", "x", 2.2, 2.2, 2.4),
            ], delivered=2.4),
            Lot(2, 1.3, [step("review", "offices.hall", 1.3, 1.7, 2.0)], dropped=2.0),
            Lot(3, 2.9, [
                step("review", "offices.hall", 2.9, 3.2, 3.5), step("works", BUDGET, 3.5, 5.0),
                step("works", OWN, 5.0, inf),
            ]),
        ),
    )  # fmt: skip


def test_a_year_has_what_came_what_went_and_what_waits(small: Trace) -> None:
    """In units: one lot is five firms. What happens on a January's first moment is that year's."""
    (table,) = trace_tables(small, ("retrofits",), "en")
    assert table.columns == (
        "year", "applied", "approved", "under_way", "dropped", "delivered", "delivered_all",
        "waiting",
    )  # fmt: skip
    assert table.rows == (
        ("2026", "10", "5", "10", "0", "0", "0", ""),
        ("2027", "5", "0", "5", "5", "5", "5", "Joint review: 5, for servers (Review\nhall)"),
        ("2028", "0", "5", "5", "0", "0", "5", "Installation: 5, for money (its\nbudget)"),
        ("2029", "0", "0", "5", "0", "0", "5", "Installation: 5, for money (its\nbudget)"),
        ("2030", "0", "0", "5", "0", "0", "5", "Installation: 5, for servers"),
    )


def test_the_longest_wait_counts_what_still_waits(small: Trace) -> None:
    said = longest(small, "retrofits", "en")
    days = (1.5 + 1.0) * DAYS / 2
    assert said == (
        f"Waits most: Installation, for money (its budget); {days:.0f} days on average over 2 lots."
    )
    assert longest(small, "plots", "en") == "Nothing waits."
    assert "设备安装，等资金（本工程预算）" in longest(small, "retrofits", "zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_have_at_most_120_columns(future: Trace, lang: str) -> None:
    from rich.console import Console

    for table in trace_tables(future, KEYS, lang):
        page = io.StringIO()
        Console(width=1000, file=page).print(drawn(table, lang, table.rows))
        text = page.getvalue()
        assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 120


@pytest.mark.parametrize("key", KEYS)
def test_what_applied_is_delivered_dropped_out_or_under_way(future: Trace, key: str) -> None:
    (table,) = trace_tables(future, (key,), "en")
    came = gone = 0.0
    for _, applied, _, here, dropped, delivered, _, waiting in table.rows:
        came += float(applied)
        gone += float(dropped) + float(delivered)
        assert float(here) == came - gone
        numbers = [float(x.split(", for")[0].rsplit(" ", 1)[1]) for x in entries(waiting)]
        assert sum(numbers) <= float(here)
        assert numbers == sorted(numbers, reverse=True)
    assert float(table.rows[-1][6]) == sum(float(row[5]) for row in table.rows)


def entries(cell: str) -> list[str]:
    """What waits, one entry each, though it may be broken over lines."""
    found: list[str] = []
    for line in cell.splitlines():
        if ": " in line:
            found.append(line)
        else:
            found[-1] += f" {line}"
    return found


def test_years_in_which_nothing_happens_are_left_out(future: Trace) -> None:
    lots = (Lot(1, 1.2, delivered=1.5), Lot(2, 4.1, dropped=4.3))
    (table,) = trace_tables(by_hand(future, plots=lots), ("plots",), "en")
    assert [row[0] for row in table.rows] == ["2026", "2029"]
    (empty,) = trace_tables(by_hand(future), ("plots",), "en")
    assert empty.rows == ()


def test_tables_speak_the_language_asked_for(future: Trace) -> None:
    for lang, words in (
        ("en", ("Machines for hands", "Joint review", "one lot is 5 firms", "Review hall")),
        ("zh", ("机器换人", "联合评审", "每批 5 家", "审批服务大厅")),
    ):
        (table,) = trace_tables(future, ("retrofits",), lang)
        text = table.title + "".join(row[-1] for row in table.rows).replace("\n", " ")
        assert all(word in text for word in words)


def test_what_is_not_traced_is_said(future: Trace, plan: Plan) -> None:
    assert closing(future, "zh") == ["按进度表推进、没有事件的工程：数字化绿色化改造。"]
    assert "draw 1 of seed 1, luck a" in heading(future, "en")[1]
    bare = {k: p for k, p in plan.programmes.items() if p.coverage is None}
    assert closing(replace(future, plan=replace(plan, programmes=bare)), "en") == []


# -- reasons and names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("station", "cause", "why", "en", "zh"),
    [
        ("offices.hall", "server", "server", "servers (Review hall)", "办理力量（审批服务大厅）"),
        (
            "offices.hall",
            "stopped",
            "stopped",
            "work to resume (Review hall)",
            "复工（审批服务大厅）",
        ),
        (OWN, "server", "server", "servers", "办理力量"),
        (OWN, "stopped", "stopped", "work to resume", "复工"),
        (BUDGET, "quota", "money", "money (its budget)", "资金（本工程预算）"),
        ("quotas.fund", "quota", "money", "money (Upgrading fund)", "资金（转型升级资金）"),
        ("quotas.land", "quota", "land", "land (Industrial land)", "用地（工业用地指标）"),
        ("quotas.energy", "quota", "quota", "energy", "额度（energy）"),
    ],
)
def test_a_wait_has_a_reason_and_words(
    plan: Plan, station: str, cause: Any, why: str, en: str, zh: str
) -> None:
    land = plan.quotas["land"]
    energy = replace(land, name=None, amount=replace(land.amount, unit="tce/year"))
    wider = replace(plan, quotas={**plan.quotas, "energy": energy})
    waited = Step("works", station, 0.0, cause)
    assert reason(wider, waited) == why
    assert [wait_words(wider, waited, lang) for lang in LANGUAGES] == [en, zh]


def test_an_office_that_stood_still_is_the_reason(plan: Plan) -> None:
    """Only who begins when it reopens, or waits through the end, waited for that."""
    causes: Counter[str] = Counter()
    for draw in range(1, 15):
        waited = [step for step in trace(plan, draw=draw).steps("training") if step.waited]
        causes.update(step.cause for step in waited)
        reopened = [s.passed for s in waited if s.cause == "stopped" and s.passed < inf]
        assert len(set(reopened)) <= 1
        assert len(reopened) <= 2  # servers
    assert 5 < causes["stopped"] < causes["server"]


# -- which programmes ------------------------------------------------------------------------------


def test_programmes_are_told_in_the_order_of_the_plan(future: Trace) -> None:
    assert traced(future, ()) == KEYS
    assert traced(future, ("training", "retrofits")) == ("retrofits", "training")


def test_unknown_programmes_are_named_together(future: Trace) -> None:
    found = faults(traced, future, ("retrofit", "plots", "upgrading"))
    assert [(f.code, f.fields["value"], f.file) for f in found] == [
        ("unknown_programme", "retrofit", "--programme"),
        ("programme_untraced", future.plan.programmes["upgrading"].name, "--programme"),
    ]
    assert found[0].fields["nearest"] == future.plan.programmes["retrofits"].name


def test_a_scenario_without_queues_is_refused(folder: Path) -> None:
    bare = trace(load(str(folder), "baseline"))
    assert bare.events == ()
    (fault,) = faults(traced, bare, ())
    assert (fault.code, fault.fields["value"]) == ("nothing_to_trace", "baseline")
