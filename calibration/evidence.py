"""What every programme effect rests on: the study, its people, and the way from them to a city.

What a programme moves stands in the plan, what a study measured in ``data/studies.csv`` (written by
hand, one row a study). Both make ``data/effects.csv``, one row an effect of every shipped plan and
library: ``python benchmarks/effects.py`` writes it anew. See docs/evidence.md.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from plansim.scenarios.draft import LIBRARY
from plansim.scenarios.load import load, load_library, read_draft, shipped
from plansim.simulator import units
from plansim.simulator.plan import (
    Figure,
    Label,
    Library,
    Origin,
    Plan,
    Programme,
    Text,
    Uncertainty,
)
from plansim.simulator.sampling import centre, quantiles
from plansim.words.catalogue import LANGUAGES

Grade = Literal["measured", "transferred", "judgement"]
#: From where a figure comes to how much it is worth; the same three classes as in a verdict.
GRADES: Mapping[Origin, Grade] = {
    "stated": "measured",
    "derived": "measured",
    "estimated": "transferred",
    "literature": "transferred",
    "judgement": "judgement",
    "goal": "judgement",
}
#: How wide a judged figure must be: from its 5 % to its 95 % quantile, in medians. Where a number
#: of units or a sum is known, and only what one of them brings is judged, half of that is enough.
WIDE: Mapping[str, float] = {"effect": 1.0, "closures": 1.0, "projects": 0.5, "recognised": 0.5}


@dataclass(frozen=True, slots=True)
class Study:
    """One study: whom it looked at, what it found, and how that is brought to a city.

    ``seen``: what of it was read by whoever wrote the row (abstract, sign only, memory). What is
    said of it stands in both languages; tables for programs have the English words.
    """

    study: str
    reference: str
    population: str
    estimate: str
    from_adopters_to_city: str
    seen: str
    address: str
    population_zh: str
    estimate_zh: str
    from_adopters_to_city_zh: str
    seen_zh: str

    def told(self, lang: str) -> tuple[str, str, str, str]:
        """Whom it looked at, what it found, the way to a city, and what of it was read."""
        if lang == "zh":
            return (
                self.population_zh, self.estimate_zh, self.from_adopters_to_city_zh, self.seen_zh,
            )  # fmt: skip
        return self.population, self.estimate, self.from_adopters_to_city, self.seen


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one effect of one programme rests on: a row of ``data/effects.csv``.

    ``kind``: *effect* on a quantity at full coverage, *projects* (output of new capacity),
    *closures* (share of output closed), *recognised* (output that enters the statistics).
    ``change``: relative or absolute, of effects. ``distribution``: as in the plan's file and in
    its unit. ``why``: the plan's own words. What comes from several studies is joined by ``" | "``.
    """

    plan: str
    programme: str
    kind: str
    on: str
    change: str
    distribution: str
    grade: str
    wide: bool
    study: str
    population: str
    estimate: str
    from_adopters_to_city: str
    why: Text
    source: str
    seen: str
    address: str


#: The columns of ``data/effects.csv``.
COLUMNS = tuple(f.name for f in fields(Evidence))


@cache
def studies() -> Mapping[str, Study]:
    """The table of studies by id; read once, on first use."""
    with (files("plansim.calibration") / "data" / "studies.csv").open(encoding="utf-8") as stream:
        return {row["study"]: Study(**row) for row in csv.DictReader(stream)}


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that a programme does to the place; ``path``: where its figure stands in it."""

    path: tuple[str | int, ...]
    kind: str
    on: str
    change: str
    figure: Figure


def moves(programme: Programme) -> Iterator[Move]:
    """All that a programme does to the place, in the order of the file."""
    for number, effect in enumerate(programme.effects):
        path = ("effects", number, "size")
        yield Move(path, "effect", effect.on, effect.change, effect.size)
    for kind in ("projects", "closures", "recognised"):
        amounts: Mapping[str, Figure] = getattr(programme, kind)
        for cluster, figure in amounts.items():
            yield Move((kind, cluster), kind, f"clusters.{cluster}.output", "", figure)


def rows(plan: Plan | Library, written: Mapping[str, Any]) -> list[Evidence]:
    """One row for each effect of every programme, in file order.

    ``written``: programmes as they stand in the files, which know the units of their figures;
    what is not among them is told in base units.
    """
    return [
        _row(plan.plan.id, key, move, written_unit(written, (key, *move.path)))
        for key, programme in plan.programmes.items()
        for move in moves(programme)
    ]


def programmes_written(name: str) -> dict[str, Any]:
    """A plan's programmes as they stand in the files, with those that its scenarios take."""
    draft = read_draft(name)
    scenarios = [tree.data for tree in draft.scenarios.values() if tree is not None]
    taken = sorted({wanted for scenario in scenarios for wanted in scenario.get("take") or ()})
    lenders = {*shipped(), *shipped(LIBRARY)}
    found: dict[str, Any] = {}
    for lender, _, key in (wanted.partition("/") for wanted in taken):
        if lender in lenders:
            found[key] = read_draft(lender).tree.data.get("programmes", {}).get(key)
    found.update(draft.tree.data.get("programmes", {}))
    return found


def _row(plan: str, key: str, move: Move, unit: str | None) -> Evidence:
    figure = move.figure
    cited = [studies()[part] for part in parts(figure.source) if part in studies()]
    return Evidence(
        plan=plan,
        programme=key,
        kind=move.kind,
        on=move.on,
        change=move.change,
        distribution=distribution(figure, unit),
        grade=GRADES[figure.origin],
        wide=spread(figure) >= WIDE[move.kind],
        study=", ".join(study.study for study in cited),
        population=_joined(study.population for study in cited),
        estimate=_joined(study.estimate for study in cited),
        from_adopters_to_city=_joined(study.from_adopters_to_city for study in cited),
        why=figure.why,
        source=figure.source,
        seen=_joined(study.seen for study in cited),
        address=_joined(study.address or "-" for study in cited),
    )


def _joined(texts: Iterable[str]) -> str:
    return " | ".join(texts)


def parts(source: str) -> list[str]:
    """The ids of a source; lines of one document stay together (``yuyao-2016:L36,L217``)."""
    return [part.strip() for part in re.split(r",(?!\s*L\d)", source)]


def spread(figure: Figure) -> float:
    """From the 5 % to the 95 % quantile, in medians; without limit where zero lies between them."""
    low, high = quantiles(figure, 0.05, 0.95)
    if low <= 0 <= high and low < high:
        return float("inf")
    return (high - low) / abs(centre(figure)) if low < high else 0.0


def distribution(figure: Figure, unit: str | None = None) -> str:
    """A figure as its file gives it: ``pert(low=-0.2, mode=0, high=1.5) points``.

    ``unit``: what it is to be told in; as it is, where that is None or measures something else.
    """
    unit = unit if unit is not None and units.same_dimension(figure.unit, unit) else figure.unit
    factor = units.conversion(figure.unit, unit)
    value = figure.value
    text = _number(value * factor) if not isinstance(value, Uncertainty) else _form(value, factor)
    return text if unit == "1" else f"{text} {unit}"


def _form(value: Uncertainty, factor: float) -> str:
    shown = [
        f"{f.name}={_told(getattr(value, f.name), factor if f.name in value.AMOUNTS else 1.0)}"
        for f in fields(value)
        if f.name != "dist" and getattr(value, f.name) is not None
    ]
    return f"{value.dist}({', '.join(shown)})"


def _told(value: float | tuple[float, ...], factor: float) -> str:
    if isinstance(value, tuple):
        return "[" + " ".join(_number(part * factor) for part in value) + "]"
    return _number(value * factor)


def _number(value: float) -> str:
    return f"{value + 0.0:.10g}"  # no -0


def written_unit(tree: Any, path: Iterable[str | int]) -> str | None:
    """The unit that a figure is written in, or None where the tree does not hold it."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return str(tree.get("unit", "1")) if isinstance(tree, Mapping) else None


def of_all_shipped() -> list[Evidence]:
    """The rows of every shipped plan, then of every library."""
    of_plans = [rows(load(name), programmes_written(name)) for name in shipped()]
    libraries = shipped(LIBRARY)
    of_libraries = [rows(load_library(name), programmes_written(name)) for name in libraries]
    return [row for found in (*of_plans, *of_libraries) for row in found]


def as_csv_row(row: Evidence) -> dict[str, str]:
    """A row as text."""
    return {name: _text(getattr(row, name)) for name in COLUMNS}


def _text(value: object) -> str:
    if isinstance(value, Label):
        return " | ".join(dict.fromkeys(value.in_language(lang) for lang in LANGUAGES))
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def stored() -> list[dict[str, str]]:
    """The rows of ``data/effects.csv``."""
    with (files("plansim.calibration") / "data" / "effects.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
