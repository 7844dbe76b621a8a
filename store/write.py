"""A Result → one folder: manifest.json, three parquet files and two of JSON, written atomically.

``manifest.json``: what was run, with which versions, and the hash of every file.
``targets.parquet``: one row a target, columns of ``plansim run``. ``indicators.parquet``: fans of
every indicator in the long form of the IAMC (model, scenario, region, variable, unit, year,
quantile, value).
``draws.parquet``: the kept subsample, one row a future, one column a judged target. ``plan.json``:
the plan as it was simulated, in base units. ``details.json``: joint verdicts, what became of every
queue, and the drivers of every target. ``read.py`` reads it all back.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.simulator.errors import Fault, InputError
from plansim.simulator.results import Verdict
from plansim.store.files import as_json, file_hash, hindrance, refused, whole_folder
from plansim.store.versions import versions

if TYPE_CHECKING:
    from plansim.simulator.plan import Plan
    from plansim.simulator.results import Result

MANIFEST, PLAN, DETAILS = "manifest.json", "plan.json", "details.json"
TARGETS, INDICATORS, DRAWS = "targets.parquet", "indicators.parquet", "draws.parquet"
#: All but the manifest, which has their hashes.
FILES = (TARGETS, INDICATORS, DRAWS, PLAN, DETAILS)
FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Drivers that are kept for every target, those that explain most first.
DRIVERS = 8


def is_run(text: str) -> bool:
    """Whether a path is the folder of a stored run."""
    return (Path(text) / MANIFEST).is_file()


def said(plan: "Plan") -> dict[str, Any]:
    """Everything that a plan says, in base units; not how it was loaded."""
    parts = asdict(replace(plan, document=None, outside={}))
    return {key: part for key, part in parts.items() if key not in plan.ASIDE}


def plan_hash(plan: "Plan") -> str:
    """SHA-256 of everything that a plan says, in base units."""
    text = json.dumps(said(plan), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def check_folder(folder: Path) -> None:
    """Refuse a place that holds anything but an earlier run. Nothing is written."""
    if folder.is_dir():
        names = {item.name for item in folder.iterdir()}
        if not names or (MANIFEST in names and names <= {MANIFEST, *FILES}):
            return
        if MANIFEST in names:
            more = {"value": str(folder), "list": sorted(names - {MANIFEST, *FILES})}
            raise InputError([Fault("out_holds_more", more, file="--out")])
    elif not folder.exists():
        if not (reason := hindrance(folder)):
            return
        shown = {"value": str(folder), "reason": reason}
        raise InputError([Fault("out_unwritable", shown, file="--out")])
    raise InputError([Fault("out_exists", {"value": str(folder)}, file="--out")])


def write(result: "Result", folder: Path, settings: Sequence[str], seconds: float) -> None:
    """Write a run to ``folder``: all of it, or nothing. Raises InputError where it cannot."""
    check_folder(folder)
    with refused(folder, "--out"), whole_folder(folder) as fresh:
        _write_tables(result, fresh)
        (fresh / PLAN).write_bytes(as_json(said(result.plan)))
        (fresh / DETAILS).write_bytes(as_json(_details(result)))
        hashes = {name: file_hash(fresh / name) for name in FILES}
        (fresh / MANIFEST).write_bytes(as_json(_manifest(result, settings, seconds, hashes)))


def _write_tables(result: "Result", folder: Path) -> None:
    import pandas as pd

    frames = {
        TARGETS: result.to_frame()[[f.name for f in fields(Verdict)]],
        INDICATORS: long_form(result),
        DRAWS: pd.DataFrame(
            {"draw": result.kept.draw, "luck": result.kept.luck}
            | {v.target: result.kept.reads[i] for i, v in enumerate(result.judged)}
        ),
    }
    for name, frame in frames.items():
        with (folder / name).open("wb") as stream:
            frame.to_parquet(stream, compression="zstd", index=False)


def long_form(result: "Result") -> Any:
    """Fans in the IAMC long form, values in the unit that the indicator is shown in."""
    plan = result.plan
    frame = result.quantiles(FAN, "en")
    names = {key: cluster.name.en for key, cluster in plan.clusters.items()}
    variable = [
        f"{indicator}|{names[subject]}" if subject else indicator
        for indicator, subject in zip(frame["indicator"], frame["subject"], strict=True)
    ]
    frame.insert(0, "model", "plansim")
    frame.insert(1, "scenario", result.settings.scenario)
    frame.insert(2, "region", plan.plan.region.en)
    frame.insert(3, "variable", variable)
    frame.insert(4, "unit", frame.pop("unit"))
    frame["value"] = frame.pop("shown")
    return frame.drop(columns=["indicator", "subject", "cluster", "name"])


def _manifest(
    result: "Result", settings: Sequence[str], seconds: float, hashes: Mapping[str, str]
) -> dict[str, Any]:
    """What was run, with what, and the hash of every file."""
    return {
        "plan": result.plan.plan.id,
        "plan_hash": plan_hash(result.plan),
        **asdict(result.settings),
        "scenario_name": result.plan.scenario_name and asdict(result.plan.scenario_name),
        "set": list(settings),
        "support": result.support,
        "simulated": result.simulated,
        "versions": versions(),
        "machine_type": platform.machine(),
        "wall_seconds": round(seconds, 3),
        "files": dict(hashes),
    }


def _details(result: "Result") -> dict[str, Any]:
    """What the tables do not hold: joint verdicts, queues, drivers by target."""
    most = {
        target: dict(sorted(shares.items(), key=lambda item: -item[1])[:DRIVERS])
        for target, shares in result.shares.items()
    }
    return {
        "met_number": result.met_number,
        "joint": [asdict(joint) for joint in result.joint],
        "flows": [asdict(flow) for flow in result.flows],
        "shares": most,
    }
