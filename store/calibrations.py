"""What ``plansim calibrate`` writes and ``plansim run`` draws by: one JSON file with provenance.

It holds as long as its inputs do: the plan under the scenario and settings that it was made with,
and the history. A run under another scenario or other settings may use it where they leave the
figures alone that it moves.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.scenarios.history import Observation
from plansim.scenarios.load import DEFAULT, Source, assemble, form_of, is_path, observed
from plansim.simulator import plan as nouns
from plansim.simulator.door import Plan
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.plan import Calibration, figures
from plansim.store import files
from plansim.store.versions import CALIBRATION, versions
from plansim.store.write import plan_hash

if TYPE_CHECKING:
    from plansim.calibration.posterior import Posterior

FORMAT = "plansim calibration 1"
NAME = "calibration.json"
PROVENANCE = (
    "The figures of the base year reconciled along its identities, then updated by what was seen "
    "(population Monte Carlo, synthetic likelihood): docs/calibration.md, Posterior. The scores of "
    "`names` are moved along `directions`: along each the coordinate t becomes shift + scale t."
)


def place_of(plan: str | Path) -> Path:
    """Where the calibration of a plan is looked for and, unless said otherwise, written.

    In a plan's own folder; beside a workbook; of a shipped plan in the working folder.
    """
    path = Path(plan)
    if not is_path(plan):
        return Path(f"{plan}.{NAME}")
    return path.with_suffix(f".{NAME}") if form_of(path) else path / NAME


@dataclass(frozen=True, slots=True)
class Stored:
    """A calibration as read back from its file.

    ``scenario``, ``settings``: of the plan it was made with; ``history``: the path of the file that
    was brought, as typed, or ""; hash and number of all ``observations``, with the plan's own.
    """

    path: Path
    plan: str
    scenario: str
    settings: tuple[str, ...]
    plan_hash: str
    history: str
    history_hash: str
    observations: int
    made: str
    calibration: Calibration


def _who(o: Observation) -> tuple[str, str, float, str]:
    """What an observation is of: there is one at most."""
    return o.quantity, o.subject, o.year, o.measure


def seen_of(
    source: Source, plan: nouns.Plan, history: Path | None = None
) -> tuple[Observation, ...]:
    """A plan's own history, and that of a CSV file, which goes before it where both speak.

    Raises InputError with every fault of either.
    """
    own = observed(source, plan)
    brought = () if history is None else observed(source, plan, history)
    known = {_who(o) for o in brought}
    return (*(o for o in own if _who(o) not in known), *brought)


def history_hash(observations: Sequence[Observation]) -> str:
    """SHA-256 of what was seen, in base units, wherever and in whatever order it is written."""
    rows = [asdict(replace(o, line=0)) for o in sorted(observations, key=_who)]
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def contents(
    result: Posterior,
    scenario: str = DEFAULT,
    settings: Sequence[str] = (),
    history: str = "",
    *,
    made: str = "",
) -> dict[str, Any]:
    """Everything that is written, in the order of the file."""
    seen = [check.observation for check in result.checks]
    return {
        "format": FORMAT,
        "provenance": PROVENANCE,
        "made": made,
        "plan": result.plan.plan.id,
        "scenario": scenario,
        "set": list(settings),
        "plan_hash": plan_hash(result.plan),
        "history": history,
        "history_hash": history_hash([*seen, *result.unused]),
        "observations": len(seen),
        "unused": len(result.unused),
        "versions": versions(CALIBRATION),
        "seed": result.seed,
        "draws": result.draws,
        "identities": "" if result.reconciled is None else result.reconciled.status,
        "powers": list(result.powers),
        "effective_draws_at_full_power": round(result.first * result.draws, 1),
        "effective_draws": round(result.share * result.draws, 1),
        "lost_by_normal_law": {"draws": round(1 - result.share, 6), "mean": round(result.lost, 6)},
        "converged": result.converged,
        "checks": [_check(check) for check in result.checks],
        "figures": [asdict(figure) for figure in result.figures if _touched(figure)],
        "calibration": asdict(result.calibration),
    }


def _touched(figure: Any) -> bool:
    return bool(abs(figure.moved) > 1e-6 or abs(figure.spread - 1.0) > 1e-6)


def _check(check: Any) -> dict[str, Any]:
    record = asdict(check)
    return {**record.pop("observation"), **record}


def write(told: dict[str, Any], path: Path) -> None:
    """Write a calibration: all of it, or nothing. Raises InputError where that cannot be.

    A calibration is replaced, any other file is refused.
    """
    check_place(path)
    with files.refused(path, "--out"):
        files.write_json(path, told)


def check_place(path: Path) -> None:
    """Refuse a place that holds anything but a calibration, or where nothing can be written."""
    if path.exists():
        try:
            told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        except (OSError, ValueError):
            told = None
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise InputError([Fault("calibration_exists", {"value": str(path)}, file="--out")])
        return
    parent = path.absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        fields = {"value": str(path), "reason": str(parent)}
        raise InputError([Fault("out_unwritable", fields, file="--out")])


def read(path: Path) -> Stored:
    """Read a calibration. Raises InputError where it is none."""
    from pydantic import TypeAdapter

    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        calibration = TypeAdapter(Calibration).validate_python(told["calibration"])
        texts = {
            key: str(told[key]) for key in ("plan", "scenario", "plan_hash", "history", "made")
        }
        return Stored(
            path=path,
            settings=tuple(map(str, told["set"])),
            history_hash=str(told["history_hash"]),
            observations=int(told["observations"]),
            calibration=calibration,
            **texts,
        )
    except OSError as problem:
        fields = {"value": str(path), "reason": problem.strerror or str(problem)}
        raise InputError([Fault("calibration_unreadable", fields, file="--calibration")]) from None
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        fields = {"value": str(path), "reason": f"{type(problem).__name__}: {problem}"}
        raise InputError([Fault("calibration_unreadable", fields, file="--calibration")]) from None


@dataclass(frozen=True, slots=True)
class Holding:
    """A stored calibration held against the plan that it is for.

    ``reason``: why it holds under no scenario, or "": *plan*: it is of another plan, or the plan
    was edited since; *history*: the history was. ``before``: the plan that it was made with.
    """

    stored: Stored
    reason: str
    before: nouns.Plan | None

    @classmethod
    def of(cls, stored: Stored, source: Source, plan: nouns.Plan | None = None) -> Holding:
        """``plan``: one of the source's: quicker, where the calibration was made with it."""
        before = plan if plan is not None and plan_hash(plan) == stored.plan_hash else None
        try:
            if before is None:
                before = assemble(source, stored.scenario, stored.settings)
        except InputError:
            return cls(stored, "plan", None)
        if before.plan.id != stored.plan or plan_hash(before) != stored.plan_hash:
            return cls(stored, "plan", None)
        path = Path(stored.history) if stored.history else None
        try:
            there = path is None or path.exists()
            if there and history_hash(seen_of(source, before, path)) != stored.history_hash:
                return cls(stored, "history", None)
        except InputError:
            return cls(stored, "history", None)
        return cls(stored, "", before)

    def changed(self, plan: nouns.Plan) -> tuple[str, tuple[str, ...]]:
        """Why it does not hold for a plan about to run: "", or what changed.

        *figures*: scenario or settings change figures that it moves, which are named.
        """
        if self.before is None:
            return self.reason, ()
        now, then = dict(figures(plan)), dict(figures(self.before))
        other = tuple(n for n in self.stored.calibration.names if now.get(n) != then.get(n))
        return ("figures", other) if other else ("", ())


def calibrated(plan: Plan, stored: Stored) -> Plan:
    """The plan that draws its figures by a calibration.

    Raises InputError where the calibration does not fit its figures.
    """
    from plansim.simulator.sampling import Sampler

    plan = replace(plan, calibration=stored.calibration)
    try:
        Sampler.of(plan)
    except InputError:
        fields = {"value": str(stored.path), "reason": "directions"}
        raise InputError([Fault("calibration_unreadable", fields, file="--calibration")]) from None
    return plan
