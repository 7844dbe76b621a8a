"""What must hold in the deliveries of a plan: its schedules, its queues and what they share."""

from collections.abc import Iterator, Mapping

from plansim.simulator import units
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.network import FAIR_LOTS, Network, usual_lots
from plansim.simulator.plan import Coverage, Figure, Plan, Programme, Queue, Stage
from plansim.simulator.sampling import centre, quantiles


def delivery_faults(plan: Plan) -> Iterator[Fault]:
    """Every broken rule of schedules and queues."""
    found: list[Fault] = []
    for key in plan.programmes:
        found += programme_faults(plan, key)
    for key, office in plan.offices.items():
        found += _server_faults(office.servers, f"offices.{key}.servers")
    for key, quota in plan.quotas.items():
        found += _start_faults(plan, quota.start, f"quotas.{key}.start")
    yield from found
    if not found:
        yield from network_faults(plan)


def programme_faults(plan: Plan, key: str) -> Iterator[Fault]:
    """Every broken rule of one programme's delivery."""
    programme, path = plan.programmes[key], f"programmes.{key}"
    if programme.lot <= 0:
        yield Fault("must_be_positive", {"value": programme.lot}, f"{path}.lot")
    if (programme.coverage is None) == (programme.queue is None):
        yield Fault("one_delivery", {}, path)
    elif programme.coverage is not None:
        yield from _schedule_faults(plan, programme.coverage, f"{path}.coverage")
    elif programme.queue is not None:
        yield from _queue_faults(plan, programme, programme.queue, path)


def shared_faults(plan: Plan, section: str, key: str) -> Iterator[Fault]:
    """Every broken rule of one office or quota, but for those of who uses it."""
    if section == "offices":
        yield from _server_faults(plan.offices[key].servers, f"offices.{key}.servers")
    else:
        yield from _start_faults(plan, plan.quotas[key].start, f"quotas.{key}.start")


def network_faults(plan: Plan) -> Iterator[Fault]:
    """A circle in which programmes stand in line."""
    try:
        Network.of(plan)
    except InputError as problem:
        yield from problem.faults


def _schedule_faults(plan: Plan, coverage: Coverage, path: str) -> Iterator[Fault]:
    first, last = plan.plan.years
    if not coverage.path:
        yield Fault("empty_schedule", {}, f"{path}.path")
    for year, share in coverage.path.items():
        place = f"{path}.path.{year}"
        if not first <= year <= last:
            yield Fault("year_outside", {"value": year, "first": first, "last": last}, place)
        if year < coverage.start:
            yield Fault("year_before_base", {"value": year, "base": coverage.start}, place)
        if not 0 <= share <= 1:
            yield Fault("not_a_share", {"low": share, "high": share}, place)
    heights = [coverage.path[year] for year in sorted(coverage.path)]
    if heights != sorted(heights):
        yield Fault("schedule_falls", {"values": heights}, f"{path}.path")


def _queue_faults(plan: Plan, programme: Programme, queue: Queue, path: str) -> Iterator[Fault]:
    own = f"{path}.queue"
    yield from _start_faults(plan, queue.start, f"{own}.start")
    if queue.end is not None and queue.end < queue.start:
        yield Fault("year_before_base", {"value": queue.end, "base": queue.start}, f"{own}.end")
    season = queue.season
    if season is not None and (len(season) != 12 or min(season) < 0 or sum(season) <= 0):
        yield Fault("season_weights", {}, f"{own}.season")
    if not queue.stages:
        yield Fault("empty_stages", {}, f"{own}.stages")
    for name, stage in queue.stages.items():
        yield from _stage_faults(plan, stage, f"{own}.stages.{name}")
    yield from _subsidy_faults(plan, queue, own)
    if programme.units is None:
        yield Fault("missing_key", {"key": "units"}, path)
        return
    if quantiles(programme.units, 0.001)[0] <= 0:
        fields: dict[str, object] = {"value": quantiles(programme.units, 0.001)[0]}
        yield Fault("must_be_positive", fields, f"{path}.units")
    unit = programme.units.unit
    yield from _dimension_faults(queue.intake, f"{unit}/year", f"{own}.intake")
    if queue.ordinary is not None:
        yield from _dimension_faults(queue.ordinary, f"{unit}/year", f"{own}.ordinary")
    if queue.eligible is not None:
        yield from _dimension_faults(queue.eligible, unit, f"{own}.eligible")
    lots = usual_lots(programme, plan.plan.years[1] + 1) if programme.lot > 0 else 0
    if lots > FAIR_LOTS:
        fair = programme.lot * -(-lots // FAIR_LOTS)
        fields = {"value": lots, "most": FAIR_LOTS, "lot": fair}
        yield Fault("too_many_lots", fields, f"{path}.lot")


def _start_faults(plan: Plan, start: int | None, path: str) -> Iterator[Fault]:
    first, last = plan.plan.years
    if start is not None and not first <= start <= last:
        yield Fault("year_outside", {"value": start, "first": first, "last": last}, path)


def _server_faults(servers: Figure | None, path: str) -> Iterator[Fault]:
    if servers is not None and (centre(servers) < 1 or centre(servers) % 1 != 0):
        yield Fault("whole_servers", {"value": centre(servers)}, path)


def _stage_faults(plan: Plan, stage: Stage, path: str) -> Iterator[Fault]:
    yield from _server_faults(stage.servers, f"{path}.servers")
    if stage.office is not None:
        yield from _unknown("unknown_office", stage.office, plan.offices, f"{path}.office")
        for name in ("servers", "stopped"):
            if getattr(stage, name) is not None:
                yield Fault("office_has_it", {"key": name}, f"{path}.{name}")
    for name, amount in stage.takes.items():
        place = f"{path}.takes.{name}"
        unknown = list(_unknown("unknown_quota", name, plan.quotas, place))
        yield from unknown
        if not unknown:
            yield from _dimension_faults(plan.quotas[name].amount, f"{amount.unit}/year", place)


def _subsidy_faults(plan: Plan, queue: Queue, path: str) -> Iterator[Fault]:
    subsidy = queue.subsidy
    if subsidy is None:
        for name in ("investment", "scatter", "overrun"):
            if getattr(queue, name) is not None:
                yield Fault("without_subsidy", {"key": name}, f"{path}.{name}")
        return
    if queue.investment is None:
        yield Fault("missing_key", {"key": "investment"}, path)
    yield from _unknown("unknown_stage", subsidy.at, queue.stages, f"{path}.subsidy.at")
    if subsidy.budget is not None:
        yield from _start_faults(plan, subsidy.budget.start, f"{path}.subsidy.budget.start")
    if subsidy.fund is None:
        return
    place = f"{path}.subsidy.fund"
    if subsidy.budget is not None:
        yield Fault("budget_and_fund", {}, place)
    unknown = list(_unknown("unknown_quota", subsidy.fund, plan.quotas, place))
    yield from unknown
    if not unknown:
        yield from _dimension_faults(plan.quotas[subsidy.fund].amount, "亿元/year", place)


def _unknown(code: str, name: str, known: Mapping[str, object], path: str) -> Iterator[Fault]:
    if name not in known:
        choices = list(known)
        yield Fault(
            code, {"value": name, "choices": choices, "nearest": nearest(name, choices)}, path
        )


def _dimension_faults(figure: Figure, wanted: str, path: str) -> Iterator[Fault]:
    if not units.same_dimension(figure.unit, wanted):
        yield Fault("unit_dimension", {"value": figure.unit, "wanted": wanted}, path)
