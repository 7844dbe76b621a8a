"""What other commands left beside a run, as it is shown: by name, targets once, only what moves."""

from collections.abc import Iterable, Mapping, Sequence

from plansim.analysis.contrast import TOTAL, lever_name
from plansim.reports.pictures.waterfall import Step
from plansim.simulator.plan import Plan, Target
from plansim.store.attachments import Attachments, Row

#: What shows in points with one decimal. [fraction of one]
SHOWS = 0.0005
#: The most targets that get a waterfall.
PICTURED = 6


def label(plan: Plan, row: Row, lang: str) -> str:
    """A lever in words: as the plan names it, else as the file does."""
    key = str(row["lever"])
    if key in plan.levers:
        return plan.levers[key].name.in_language(lang)
    try:
        known = lever_name(plan, key, lang)
    except KeyError:
        known = key
    return str(row.get("name") or key) if known == key else known


def once(rows: Iterable[Row], plan: Plan) -> list[Row]:
    """Without targets that only restate another."""
    restated = {target.id for target in plan.targets if target.restates}
    return [row for row in rows if row["target"] not in restated]


def steps_of(beside: Attachments, plan: Plan, lang: str) -> dict[str, list[Step]]:
    """By target, in the order of the file: every lever but the total."""
    found: dict[str, list[Step]] = {}
    for row in once(beside.attribute, plan):
        steps = found.setdefault(str(row["target"]), [])
        if row["lever"] != TOTAL:
            share, low, high = (row[name] for name in ("share", "share_low", "share_high"))
            steps.append(Step(label(plan, row, lang), share, low, high))
    return found


def moving(steps: Sequence[Step]) -> list[Step]:
    """The levers that bring anything that shows, those that bring most first."""
    return sorted((s for s in steps if abs(s.share) >= SHOWS), key=lambda s: -abs(s.share))


def most_moved(found: Mapping[str, Sequence[Step]], plan: Plan) -> list[str]:
    """Targets worth a picture: outcomes before all else, those that levers move most first."""
    by_id: Mapping[str, Target] = {target.id: target for target in plan.targets}

    def rank(target: str) -> tuple[bool, float]:
        outcome = target in by_id and by_id[target].kind == "outcome"
        return not outcome, -sum(abs(step.share) for step in found[target])

    return sorted((t for t in found if moving(found[t])), key=rank)[:PICTURED]
