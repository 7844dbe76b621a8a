"""What must hold in a plan beyond its form: every broken rule is a fault with its path."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from plansim.simulator import units
from plansim.simulator.accounts import ACCOUNTS
from plansim.simulator.baseline import tags
from plansim.simulator.conversion import as_written
from plansim.simulator.delivery_rules import (
    delivery_faults,
    network_faults,
    programme_faults,
    shared_faults,
)
from plansim.simulator.dynamics import bounds
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.simulator.feasibility import Goal
from plansim.simulator.layout import Layout
from plansim.simulator.lever_rules import lever_faults
from plansim.simulator.marks import NotNegative, Share
from plansim.simulator.plan import (
    REFERENCES,
    Figure,
    Library,
    Plan,
    Quantity,
    Target,
    Uncertainty,
    figures,
)
from plansim.simulator.sampling import Sampler, centre, ends, faults_of, match
from plansim.simulator.schema import Facts, Keys, facts_of

#: Normal scores at which the reach of an uncertain figure is checked: 1 in 1,000 either way.
REACH = 3.09


def faults_of_plan(plan: Plan) -> list[Fault]:
    """Every broken rule of a plan whose form is right."""
    found = list(figure_faults(plan))
    broken = {fault.path.rsplit(".", 1)[0] for fault in found} | {fault.path for fault in found}
    for rule in (
        _year_faults, delivery_faults, _cluster_faults, _quantity_faults, _programme_faults,
        _indicator_faults, _correlation_faults, lever_faults,
    ):  # fmt: skip
        if not broken or rule in (_year_faults, _indicator_faults):
            found += rule(plan)
    for target in plan.targets:
        found += goal_faults(plan, target)
    if not found:
        found += _target_faults(plan)
    return found


def faults_of_change(plan: Plan, before: Plan, keys: Keys) -> list[Fault]:
    """The rules that a plan breaks which differs in one place from one that breaks none.

    They are those of ``faults_of_plan``. Where only the size of a figure has changed, a number of a
    programme or of a goal, or a number or word of what programmes share, those that cannot be
    broken are left out.
    """
    (node, length), (old, _) = _along(plan, keys), _along(before, keys)
    if isinstance(node, Figure) and isinstance(old, Figure) and node.unit == old.unit:
        path = ".".join(map(str, keys[:length]))
        own = list(faults_of_figure(node, path, facts_of(path), unit_of(plan, path, node)))
        return own or list(_faults_beside(plan, keys))
    shared = keys[0] in ("offices", "quotas") and isinstance(node, int | float | str)
    if shared or (keys[0] == "programmes" and isinstance(node, int | float)):
        return list(_faults_beside(plan, keys)) or list(network_faults(plan))
    if keys[0] == "targets":
        target = next(target for target in plan.targets if target.id == keys[1])
        return list(goal_faults(plan, target)) or list(_faults_of_goal(plan, target))
    return faults_of_plan(plan)


def _along(node: object, keys: Keys) -> tuple[object, int]:
    """What stands at keys, and how many lead to it: a figure is not looked into."""
    for length, key in enumerate(keys):
        if isinstance(node, Figure):
            return node, length
        if isinstance(node, tuple):
            node = next((part for i, part in enumerate(node) if i == key), None)
        else:
            node = node.get(key) if isinstance(node, Mapping) else getattr(node, str(key), None)
    return node, len(keys)


def _faults_beside(plan: Plan, keys: Keys) -> Iterator[Fault]:
    """The rules that the size of a figure can break, beside those of its own field."""
    section, key = keys[0], str(keys[1]) if len(keys) > 1 else ""
    if section == "programmes":
        yield from programme_faults(plan, key)
    elif section in ("offices", "quotas"):
        yield from shared_faults(plan, str(section), key)
    elif section in ("clusters", "totals"):
        yield from _cluster_faults(plan)
    if section in ("clusters", "prices", "city"):
        path = ".".join(map(str, keys[: 3 if section == "clusters" else 2]))
        quantity, _ = _along(plan, tuple(path.split(".")))
        if isinstance(quantity, Quantity):
            yield from _faults_of_quantity(path, quantity)


def reach(figure: Figure) -> tuple[float, float]:
    """The range in which a figure lies but for two cases in a thousand."""
    if not isinstance(figure.value, Uncertainty):
        return figure.value, figure.value
    return ends(figure.value, REACH)


def figure_faults(plan: Plan | Library) -> Iterator[Fault]:
    """Distributions that are none, shares that are none, what may not be negative."""
    for path, figure in figures(plan):
        yield from faults_of_figure(figure, path, facts_of(path), unit_of(plan, path, figure))


def unit_of(plan: Plan | Library, path: str, figure: Figure) -> str:
    """The unit that the files, or a setting, write a figure in."""
    written = plan.written if isinstance(plan, Plan) else {}
    return written.get(path, figure.unit)


def told_in(unit: str, value: float, path: str) -> str:
    """A value in base units, as whoever wrote it would know it: -5 亩."""
    own = as_written(Figure(value, "stated", ""), path, unit).value
    return f"{own:.6g} {unit}".removesuffix(" 1")


def faults_of_figure(figure: Figure, path: str, facts: Facts, unit: str) -> Iterator[Fault]:
    """What its field forbids. ``unit``: the one that values are told in."""
    if isinstance(figure.value, Uncertainty):
        wrong = faults_of(figure.value, f"{path}.value")
        if wrong:
            yield from wrong
            return
        if facts.certain:
            yield Fault("must_be_certain", {}, path)
    low, high = reach(figure)
    if isinstance(facts.bound, Share) and not (low >= 0 and high <= 1):
        ends = {"low": told_in(unit, low, path), "high": told_in(unit, high, path)}
        yield Fault("not_a_share", ends, path)
    elif isinstance(facts.bound, NotNegative) and low < 0:
        yield Fault("negative", {"value": told_in(unit, low, path)}, path)


def _year_faults(plan: Plan) -> Iterator[Fault]:
    first, last = plan.plan.years
    if not first < last:
        yield Fault("years_order", {"first": first, "last": last}, "plan.years")
    if plan.plan.base_year != first:
        fields = {"value": plan.plan.base_year, "first": first}
        yield Fault("base_year_first", fields, "plan.base_year")


def _cluster_faults(plan: Plan) -> Iterator[Fault]:
    rest = [key for key, cluster in plan.clusters.items() if cluster.residual]
    if len(rest) != 1:
        yield Fault("one_rest", {"value": rest}, "clusters")
    total, named = centre(plan.totals.output), 0.0
    for key, cluster in plan.clusters.items():
        base = cluster.output.base
        if cluster.residual and base is not None:
            yield Fault("rest_has_base", {}, f"clusters.{key}.output.base")
        elif not cluster.residual and base is None:
            yield Fault("missing_key", {"key": "base"}, f"clusters.{key}.output")
        elif base is not None:
            named += centre(base)
    if named >= total:
        yield Fault("clusters_over_total", {"value": named, "most": total}, "totals.output")
    known = tags(plan)
    for tag in (*plan.totals.shares, plan.totals.scope):
        if tag != "all" and tag not in known:
            fields = {"value": tag, "choices": list(known), "nearest": nearest(tag, known)}
            yield Fault("unknown_tag", fields, "totals")
    for tag in plan.tags:
        if tag not in known:
            fields = {"value": tag, "choices": list(known), "nearest": nearest(tag, known)}
            yield Fault("unknown_tag", fields, f"tags.{tag}")


def _all_quantities(plan: Plan) -> Iterator[tuple[str, Quantity]]:
    yield from Layout.of(replace(plan, shock_correlations=())).quantities.items()


def _quantity_faults(plan: Plan) -> Iterator[Fault]:
    for path, quantity in _all_quantities(plan):
        yield from _faults_of_quantity(path, quantity)


def _faults_of_quantity(path: str, quantity: Quantity) -> Iterator[Fault]:
    if quantity.base is None:
        if not path.endswith(".output"):
            yield Fault("missing_key", {"key": "base"}, path)
        return
    low, high = reach(quantity.base)
    if quantity.link == "log" and low <= 0:
        yield Fault("log_needs_positive", {"value": low}, f"{path}.base")
    if quantity.link == "logit":
        floor, ceiling = bounds(quantity)
        if not floor < low <= high < ceiling:
            fields = {"low": low, "high": high, "floor": floor, "ceiling": ceiling}
            yield Fault("base_outside_bounds", fields, f"{path}.base")
    trend = quantity.trend
    if trend.curve == "exponential":
        if trend.ceiling is not None or trend.theta is not None:
            yield Fault("curve_has_no_ceiling", {}, f"{path}.trend")
    elif trend.ceiling is None:
        yield Fault("missing_key", {"key": "ceiling"}, f"{path}.trend")
    elif trend.curve == "logistic" and centre(trend.ceiling) <= centre(quantity.base):
        fields = {"value": centre(trend.ceiling), "base": centre(quantity.base)}
        yield Fault("ceiling_under_base", fields, f"{path}.trend.ceiling")
    if (trend.curve == "richards") != (trend.theta is not None):
        yield Fault("richards_needs_theta", {}, f"{path}.trend")
    luck = quantity.luck
    if (luck.reference_size is None) != (luck.size_exponent is None):
        yield Fault("missing_key", {"key": "reference_size, size_exponent"}, f"{path}.luck")


def _programme_faults(plan: Plan) -> Iterator[Fault]:
    names = [path for path, _ in _all_quantities(plan)]
    for key in plan.programmes:
        yield from _effect_faults(plan, key)
    for index, coupling in enumerate(plan.couplings):
        for end in ("source_quantity", "to"):
            value = getattr(coupling, end)
            if not match(value, names):
                fields = {"value": value, "nearest": nearest(value, names), "choices": ""}
                yield Fault("unknown_quantity", fields, f"couplings.{index}.{end}")


def _effect_faults(plan: Plan, key: str) -> Iterator[Fault]:
    """What one programme moves that is not there."""
    programme = plan.programmes[key]
    names = [path for path, _ in _all_quantities(plan)] if programme.effects else []
    for index, effect in enumerate(programme.effects):
        if not match(effect.on, names):
            fields = {"value": effect.on, "nearest": nearest(effect.on, names), "choices": ""}
            yield Fault("unknown_quantity", fields, f"programmes.{key}.effects.{index}.on")
    for part in ("projects", "closures", "recognised"):
        for cluster in getattr(programme, part):
            if cluster not in plan.clusters:
                known = list(plan.clusters)
                named = {"value": cluster, "choices": known, "nearest": nearest(cluster, known)}
                yield Fault("unknown_cluster", named, f"programmes.{key}.{part}.{cluster}")


def _indicator_faults(plan: Plan) -> Iterator[Fault]:
    known = (*ACCOUNTS, *(f"city.{key}" for key in plan.city))
    needed = {
        "account": ("of",),
        "clusters_above": ("of", "threshold"),
        "firms_above": ("of", "count", "exponent", "churn"),
        "delivered": ("programme",),
    }
    for key, indicator in plan.indicators.items():
        path = f"indicators.{key}"
        try:
            units.parse(indicator.unit)
        except InputError as problem:
            yield Fault(problem.faults[0].code, problem.faults[0].fields, f"{path}.unit")
        for name in needed[indicator.measure]:
            if not getattr(indicator, name):
                yield Fault("missing_key", {"key": name}, path)
        for name in ("of", "over"):
            value = getattr(indicator, name)
            if value and (value not in known or (name == "over" and value not in ACCOUNTS)):
                fields = {"value": value, "choices": list(known), "nearest": nearest(value, known)}
                yield Fault("unknown_account", fields, f"{path}.{name}")
        for name in ("scope", "tag"):
            value = getattr(indicator, name)
            if value and value != "all" and value not in tags(plan):
                fields = {"value": value, "choices": list(tags(plan)), "nearest": ""}
                yield Fault("unknown_tag", fields, f"{path}.{name}")
        if indicator.reference is not None and indicator.reference not in REFERENCES:
            fields = {
                "key": "reference",
                "value": indicator.reference,
                "choices": ", ".join(REFERENCES),
                "nearest": nearest(indicator.reference, REFERENCES),
            }
            yield Fault("not_a_choice", fields, f"{path}.reference")
        if indicator.programme is not None:
            programme = plan.programmes.get(indicator.programme)
            if programme is None:
                near = nearest(indicator.programme, list(plan.programmes))
                fields = {
                    "value": indicator.programme,
                    "choices": list(plan.programmes),
                    "nearest": near,
                }
                yield Fault("unknown_programme", fields, f"{path}.programme")
            elif programme.units is None:
                yield Fault("missing_key", {"key": "units"}, f"programmes.{indicator.programme}")
            elif (
                units.parse(programme.units.unit).dimension != units.parse(indicator.unit).dimension
            ):
                fields = {"value": programme.units.unit, "wanted": indicator.unit}
                place = f"programmes.{indicator.programme}.units"
                yield Fault("unit_dimension", fields, place)


def _correlation_faults(plan: Plan) -> Iterator[Fault]:
    for part in ("parameter_correlations", "shock_correlations"):
        for index, entry in enumerate(getattr(plan, part)):
            if not -1 < entry.value < 1:
                fields = {"value": entry.value}
                yield Fault("not_a_correlation", fields, f"{part}.{index}.value")
    for part, build in (
        ("shock_correlations", Layout.of),
        ("parameter_correlations", Sampler.of),
    ):
        try:
            build(plan)
        except InputError as problem:
            for fault in problem.faults:
                yield Fault(fault.code, fault.fields, f"{part}.{fault.path}".rstrip("."))


def goal_faults(plan: Plan | None, target: Target) -> Iterator[Fault]:
    """What is wrong with the numbers of one target; ``plan``: None of a document that is none."""

    def fault(column: str, code: str, **more: object) -> Fault:
        return Fault(code, {"key": column, **more}, f"targets.{target.id}.{column}")

    if target.low is not None and target.high is not None and target.low > target.high:
        yield fault("low", "bounds_order", low=target.low, high=target.high)
    if target.status != "judged" or plan is None:
        return
    if target.low is None and target.high is None:
        yield fault("low", "judged_without_value")
    first, last = plan.plan.years
    if target.year is None:
        yield fault("year", "empty_cell")
    for column in ("base_year", "year"):
        value = getattr(target, column)
        if value is not None and not first <= value <= last:
            yield fault(column, "year_outside", value=value, first=first, last=last)
    base = plan.plan.base_year if target.base_year is None else target.base_year
    if target.year is not None and target.year <= base:
        yield fault("year", "year_before_base", value=target.year, base=base)


def _target_faults(plan: Plan) -> Iterator[Fault]:
    """A judged target at or beyond the ceiling of its quantity can never be met."""
    for target in plan.judged:
        yield from _faults_of_goal(plan, target)


def _faults_of_goal(plan: Plan, target: Target) -> Iterator[Fault]:
    if target.status == "judged":
        indicator = plan.indicators[target.indicator]
        path = f"targets.{target.id}.low"
        goal = Goal.of(target, plan)
        share_like = units.parse(indicator.unit).dimension == () and indicator.unit != "index"
        is_level = target.basis in ("level", "share", "rate")
        if share_like and is_level and not 0 <= goal.threshold <= 1:
            yield Fault("not_a_share", {"low": goal.threshold, "high": goal.threshold}, path)
        if indicator.of.startswith("city.") and indicator.over is None and is_level:
            quantity = plan.city[indicator.of.removeprefix("city.")]
            if quantity.link == "logit":
                floor, ceiling = bounds(quantity)
                if not floor < goal.threshold < ceiling:
                    fields = {"value": goal.threshold, "floor": floor, "ceiling": ceiling}
                    yield Fault("target_beyond_ceiling", fields, path)
