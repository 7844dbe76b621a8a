"""What became of every queue, and where its lots wait most."""

from typing import TYPE_CHECKING

from plansim.reports.tables import Table
from plansim.reports.wording import number, percent, with_unit
from plansim.simulator import units
from plansim.simulator.plan import Plan
from plansim.simulator.results import Result
from plansim.words.catalogue import say

if TYPE_CHECKING:
    from plansim.store.read import Stored

#: A mean wait shorter than this is no bottleneck. [days]
SHORT = 1.0


def flow_table(result: "Result | Stored", lang: str) -> Table:
    """Queued programmes: what applied, was delivered, left, is under way, and the bottleneck."""
    rows = []
    for flow in result.flows:
        programme = result.plan.programmes[flow.programme]
        counts = (flow.applied, flow.delivered, flow.dropped, flow.under_way)
        worst = next((wait for wait in flow.waits if wait.days >= SHORT), None)
        rows.append(
            (
                programme.name.in_language(lang),
                *(span(count, programme.unit, lang) for count in counts),
                *(
                    (say("flow.none", lang), "", "")
                    if worst is None
                    else (
                        station_name(result.plan, flow.programme, worst.stage, worst.station, lang),
                        percent(worst.share),
                        number(worst.days, 2),
                    )
                ),
            )
        )
    fates = ("applied", "delivered", "dropped", "under_way")
    columns = ("programme", *fates, "waits", "waiting_share", "waiting_days")
    title = say("flow.title", lang, year=result.plan.plan.years[1])
    right = (*fates, "waiting_share", "waiting_days")
    return Table(columns, tuple(rows), right, optional=("dropped", "applied"), title=title)


def span(quantiles: tuple[float, float, float], unit: str, lang: str) -> str:
    """The median with the 5 % and 95 % quantiles: 41 (30 … 55), 80 (60 … 100) %."""
    low, middle, high = (number(q / units.parse(unit).factor) for q in quantiles)
    return with_unit(middle if low == high else f"{middle} ({low} … {high})", unit, lang)


def station_name(plan: Plan, programme: str, stage: str, station: str, lang: str) -> str:
    """What lots wait for: Review: servers; Works: Industrial land quota."""
    queue = plan.programmes[programme].queue
    assert queue is not None
    item = queue.stages[stage]
    where = item.name.in_language(lang) if item.name else stage
    section, key, *rest = station.split(".")
    if section == "offices":
        what = plan.offices[key].name.in_language(lang)
    elif section == "quotas":
        name = plan.quotas[key].name
        what = name.in_language(lang) if name else key
    else:
        what = say("flow.budget" if rest[-1] == "budget" else "flow.servers", lang)
    return say("flow.station", lang, stage=where, what=what)
