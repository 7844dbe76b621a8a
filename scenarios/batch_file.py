"""A batch file → which plans, scenarios, levers and seeds are run; every fault at once.

plans: [yuyao-2016, ./my-plan]       # as on the command line; paths are seen from this file
scenarios: [plan, delayed]
sweeps:                              # every combination
  quotas.land.amount: [x0.5, x1, x2]
  programmes.robot_town.queue.start: {from: 2017, to: 2021, step: 2}
  latin_hypercube:                   # or points spread evenly over several levers
    points: 20
    levers:
      programmes.*.queue.intake: {from: x0.5, to: x2}
seeds: [1, 2]
draws: 2000
"""

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plansim.scenarios.load import DEFAULT
from plansim.scenarios.text import NULL, TRUTH, Path_, Tree, dotted, read_yaml
from plansim.simulator.change import FACTOR
from plansim.simulator.errors import Fault, InputError
from plansim.simulator.run import MOST_DRAWS
from plansim.simulator.sampling import SAMPLERS

KEYS = ("plans", "scenarios", "sweeps", "seeds", "draws", "sampler", "keep", "uncalibrated")
HYPERCUBE, HYPERCUBE_KEYS = "latin_hypercube", ("points", "seed", "levers")
RANGE_KEYS = ("from", "to", "step", "count")
#: Limits of one batch: runs, and futures of a run that go to draws.parquet.
MOST_RUNS, MOST_KEPT = 100_000, 4096
#: Words that stand bare behind ``PATH=``.
BARE = re.compile(r"^[A-Za-z_][\w.-]*$")


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends, both included.

    ``step`` or ``count``: 0 where the other is given, both 0 in a hypercube. ``factor``: the ends
    are factors on the plan's value. ``whole``: the values are whole numbers.
    """

    low: float
    high: float
    step: float = 0.0
    count: int = 0
    factor: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Hypercube:
    """Points of a Latin hypercube over levers."""

    points: int
    seed: int
    levers: Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """What a batch file asks for. ``levers``: values of each, or a range of them.

    ``keep``: futures of every run that are stored whole; ``uncalibrated``: whether calibrations
    that are stored are left alone. ``written``: the file as plain values.
    """

    path: Path
    written: Mapping[str, Any]
    plans: tuple[str, ...]
    scenarios: tuple[str, ...]
    levers: Mapping[str, tuple[Any, ...] | Range]
    hypercube: Hypercube | None
    seeds: tuple[int, ...]
    draws: int
    sampler: str
    keep: int
    uncalibrated: bool

    def location(self, plan: str) -> str:
        """A plan as ``load`` takes it: paths are seen from the folder of the batch file."""
        if "/" not in plan and "\\" not in plan:
            return plan
        place = self.path.parent / plan
        return str(place) if place.is_absolute() or len(place.parts) > 1 else f"./{place}"


def read_batch_file(path: Path) -> BatchFile:
    """Read a batch file. Raises InputError with every fault of its form."""
    reader = _Reader(read_yaml(path, path.name), path.name)
    found = reader.batch(path)
    if reader.faults:
        raise InputError(reader.faults)
    return found


def value_text(value: Any) -> str:
    """A value as it is typed behind ``PATH=``."""
    if isinstance(value, str):
        bare = BARE.match(value) and not NULL.match(value) and not TRUTH.match(value)
        return value if bare or FACTOR.match(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.12g}"
    return json.dumps(value, ensure_ascii=False)


@dataclass
class _Reader:
    """Takes a tree apart; what is wrong is noted with its place, never raised half way."""

    tree: Tree
    shown: str
    faults: list[Fault] = field(default_factory=list)

    def batch(self, path: Path) -> BatchFile:
        data = self.tree.data
        self.known(data, KEYS, ())
        if "plans" not in data:
            self._fault("missing_key", {"key": "plans"}, ("plans",))
        sweeps = self.mapping(data.get("sweeps", {}), ("sweeps",))
        hypercube = None
        if HYPERCUBE in sweeps:
            hypercube = self.hypercube(sweeps[HYPERCUBE], ("sweeps", HYPERCUBE))
        levers = {
            key: self.lever(value, ("sweeps", key))
            for key, value in sweeps.items()
            if key != HYPERCUBE
        }
        for key in levers:
            if hypercube is not None and key in hypercube.levers:
                self._fault("duplicate_key", {"value": key}, ("sweeps", key))
        sampler = str(data.get("sampler", "independent"))
        if sampler not in SAMPLERS:
            shown = {"value": sampler, "choices": list(SAMPLERS)}
            self._fault("unknown_choice", shown, ("sampler",))
        return BatchFile(
            path=path,
            written=data,
            plans=self.words(data.get("plans", ["?"]), ("plans",)),
            scenarios=self.words(data.get("scenarios", [DEFAULT]), ("scenarios",)),
            levers=levers,
            hypercube=hypercube,
            seeds=self.seeds(data.get("seeds", [1])),
            draws=self.whole(data.get("draws", 10_000), ("draws",), 1, MOST_DRAWS),
            sampler=sampler,
            keep=self.whole(data.get("keep", 256), ("keep",), 0, MOST_KEPT),
            uncalibrated=self.truth(data.get("uncalibrated", False), ("uncalibrated",)),
        )

    # -- parts -------------------------------------------------------------------------------------

    def words(self, value: Any, path: Path_) -> tuple[str, ...]:
        """One word, or a list of different ones."""
        found = self.items([value] if isinstance(value, str) else value, path)
        for place, word in enumerate(found):
            if not isinstance(word, str) or not word.strip():
                self._fault("not_text", {"key": path[-1], "value": word}, (*path, place))
        return tuple(str(word) for word in found)

    def seeds(self, value: Any) -> tuple[int, ...]:
        """One seed, a list of them, or the range from one to another."""
        path: Path_ = ("seeds",)
        most = 2**63 - 1
        if isinstance(value, Mapping):
            self.known(value, ("from", "to"), path)
            low, high = (
                self.whole(value.get(end), (*path, end) if end in value else path, 0, most)
                for end in ("from", "to")
            )
            if low > high or high - low >= MOST_RUNS:
                self._fault("range_form", {"value": f"{low} … {high}"}, path)
                return (low,)
            return tuple(range(low, high + 1))
        found = self.items(value if isinstance(value, list) else [value], path)
        return tuple(self.whole(item, (*path, i), 0, most) for i, item in enumerate(found))

    def lever(self, value: Any, path: Path_) -> tuple[Any, ...] | Range:
        """The values of one lever: a list, or a range with a step or a count."""
        if isinstance(value, Mapping):
            return self.range(value, path, stepped=True)
        if not isinstance(value, list):
            self._fault("sweep_form", {}, path)
            return ()
        return tuple(self.items(value, path))

    def hypercube(self, value: Any, path: Path_) -> Hypercube:
        parts = self.mapping(value, path)
        self.known(parts, HYPERCUBE_KEYS, path)
        for key in ("points", "levers"):
            if key not in parts:
                self._fault("missing_key", {"key": key}, path)
        levers = self.mapping(parts.get("levers", {}), (*path, "levers"))
        if "levers" in parts and not levers:
            self._fault("empty_list", {}, (*path, "levers"))
        return Hypercube(
            points=self.whole(parts.get("points", 1), (*path, "points"), 1, MOST_RUNS),
            seed=self.whole(parts.get("seed", 1), (*path, "seed"), 0, 2**63 - 1),
            levers={
                key: self.range(ends, (*path, "levers", key), stepped=False)
                for key, ends in levers.items()
            },
        )

    def range(self, value: Any, path: Path_, *, stepped: bool) -> Range:
        """Two ends, and how to get from one to the other where values are counted."""
        fallback = Range(0.0, 1.0, count=2)
        if not isinstance(value, Mapping):
            self._fault("sweep_form", {}, path)
            return fallback
        before = len(self.faults)
        self.known(value, RANGE_KEYS if stepped else RANGE_KEYS[:2], path)
        ends = [self.end(value.get(key), (*path, key), key in value) for key in ("from", "to")]
        (low, low_factor), (high, high_factor) = ends
        if low_factor != high_factor:
            self._fault("range_ends", {}, path)
        if stepped and ("step" in value) == ("count" in value):
            self._fault("range_step_or_count", {}, path)
        if not low < high:
            shown = {"value": f"{value.get('from')} … {value.get('to')}"}
            self._fault("range_form", shown, path)
        step = self.step(value["step"], (*path, "step")) if "step" in value else 0.0
        count = (
            self.whole(value["count"], (*path, "count"), 2, MOST_RUNS) if "count" in value else 0
        )
        if step and (high - low) / step >= MOST_RUNS:
            self._fault("too_many_runs", {"value": "", "most": MOST_RUNS}, path)
        if len(self.faults) > before:
            return fallback
        numbers = [value[key] for key in ("from", "to", *(["step"] if step else []))]
        whole = all(isinstance(number, int) for number in numbers)
        return Range(low, high, step, count, low_factor, whole)

    def end(self, value: Any, path: Path_, given: bool) -> tuple[float, bool]:
        """An end of a range: a number, or a factor."""
        factor = FACTOR.match(value) if isinstance(value, str) else None
        if factor:
            return float(factor[1]), True
        if not given:
            self._fault("missing_key", {"key": path[-1]}, path[:-1])
        elif isinstance(value, bool) or not isinstance(value, int | float):
            self._fault("range_end", {"value": value}, path)
        else:
            return float(value), False
        return math.nan, False

    def step(self, value: Any, path: Path_) -> float:
        factor = FACTOR.match(value) if isinstance(value, str) else None
        if factor:
            value = float(factor[1])
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._fault("not_a_number", {"value": value}, path)
        elif value <= 0:
            self._fault("must_be_positive", {"value": value}, path)
        else:
            return float(value)
        return 1.0

    # -- forms -------------------------------------------------------------------------------------

    def items(self, value: Any, path: Path_) -> Sequence[Any]:
        """A list that is not empty and holds nothing twice."""
        if not isinstance(value, list):
            self._fault("not_a_list", {}, path)
            return []
        if not value:
            self._fault("empty_list", {}, path)
        texts = [json.dumps(item, sort_keys=True) for item in value]
        for place, text in enumerate(texts):
            if text in texts[:place]:
                self._fault("duplicate_key", {"value": value[place]}, (*path, place))
        return value

    def mapping(self, value: Any, path: Path_) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self._fault("not_a_mapping", {}, path)
            return {}
        return {str(key): item for key, item in value.items()}

    def truth(self, value: Any, path: Path_) -> bool:
        if not isinstance(value, bool):
            self._fault("unknown_choice", {"value": value, "choices": ["true", "false"]}, path)
        return value is True

    def whole(self, value: Any, path: Path_, low: int, high: int) -> int:
        """A whole number, 1e4 among them, within bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            self._fault("not_a_whole_number", {"value": value}, path)
        elif not low <= value <= high:
            self._fault("argument_range", {"value": value, "allowed": f"{low} … {high}"}, path)
        else:
            return int(value)
        return low

    def known(self, data: Mapping[Any, Any], keys: Sequence[str], path: Path_) -> None:
        for key in data:
            if key not in keys:
                near = "".join(difflib.get_close_matches(str(key), keys, 1, 0.5))
                shown = {"key": key, "choices": list(keys), "nearest": near}
                self._fault("unknown_key", shown, (*path, key))

    def _fault(self, code: str, fields: Mapping[str, object], path: Path_) -> None:
        place = None
        for length in range(len(path), -1, -1):
            place = place or self.tree.place(path[:length])
        file, line, column = (place.file, place.line, place.column) if place else (self.shown, 1, 1)
        self.faults.append(Fault(code, fields, dotted(path), file, line, column))
