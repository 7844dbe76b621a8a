"""The unit table: what a plan file may write, and what it is in base units.

Base units: 亿元, tonnes of coal equivalent, tonnes, persons and other counts, years, hectares; a
share is a fraction of one. A unit is a product of table entries divided by others: ``tce/万元``.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from plansim.simulator.errors import InputError

#: unit → (dimension, how many base units one of it is)
TABLE: dict[str, tuple[str, float]] = {
    "1": ("", 1.0),
    "index": ("", 1.0),
    "%": ("", 0.01),
    "points": ("", 0.01),
    "个百分点": ("", 0.01),
    "times": ("", 1.0),
    "元": ("money", 1e-8),
    "万元": ("money", 1e-4),
    "百万元": ("money", 1e-2),
    "亿元": ("money", 1.0),
    "百亿元": ("money", 100.0),
    "千亿元": ("money", 1000.0),
    "kgce": ("energy", 1e-3),
    "tce": ("energy", 1.0),
    "吨标煤": ("energy", 1.0),
    "吨标准煤": ("energy", 1.0),
    "万tce": ("energy", 1e4),
    "万吨标煤": ("energy", 1e4),
    "万吨标准煤": ("energy", 1e4),
    "t": ("mass", 1.0),
    "吨": ("mass", 1.0),
    "万吨": ("mass", 1e4),
    "蒸吨": ("mass", 1.0),
    "m3": ("volume", 1.0),
    "立方米": ("volume", 1.0),
    "万立方米": ("volume", 1e4),
    "year": ("time", 1.0),
    "年": ("time", 1.0),
    "month": ("time", 1 / 12),
    "月": ("time", 1 / 12),
    "day": ("time", 1 / 365.25),
    "天": ("time", 1 / 365.25),
    "ha": ("area", 1.0),
    "公顷": ("area", 1.0),
    "亩": ("area", 1 / 15),
    "km2": ("area", 100.0),
    "平方公里": ("area", 100.0),
    "m2": ("area", 1e-4),
    "平方米": ("area", 1e-4),
    "万美元": ("foreign money", 1.0),
    "count": ("count", 1.0),
    "个": ("count", 1.0),
    "person": ("count", 1.0),
    "人": ("count", 1.0),
    "名": ("count", 1.0),
    "人次": ("count", 1.0),
    "万人": ("count", 1e4),
    "firm": ("count", 1.0),
    "家": ("count", 1.0),
    "cluster": ("count", 1.0),
    "project": ("count", 1.0),
    "项": ("count", 1.0),
    "patent": ("count", 1.0),
    "件": ("count", 1.0),
    "place": ("count", 1.0),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A parsed unit: its dimension as sorted powers, and its size in base units."""

    dimension: tuple[tuple[str, int], ...]
    factor: float


@lru_cache(maxsize=1024)
def parse(text: str) -> Unit:
    """Read a unit such as ``%``, ``亿元`` or ``tce/万元``. Raises InputError naming what it is."""
    powers: dict[str, int] = {}
    factor = 1.0
    for position, part in enumerate(unicodedata.normalize("NFKC", text).split("/")):
        name = part.strip()
        if name not in TABLE:
            raise InputError.of("unknown_unit", value=text, choices=", ".join(TABLE))
        dimension, size = TABLE[name]
        sign = 1 if position == 0 else -1
        factor *= size**sign
        if dimension:
            powers[dimension] = powers.get(dimension, 0) + sign
    return Unit(tuple(sorted((d, n) for d, n in powers.items() if n)), factor)


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    return parse(one).dimension == parse(other).dimension


@lru_cache(maxsize=1024)
def base_name(unit: Unit) -> str:
    """The base unit of a dimension, written as a plan file would."""
    names = {d: n for n, (d, size) in reversed(TABLE.items()) if size == 1.0}
    top = [names[d] for d, power in unit.dimension for _ in range(max(power, 0))]
    below = [names[d] for d, power in unit.dimension for _ in range(max(-power, 0))]
    return "/".join(["·".join(top) or "1", *below])


def conversion(given: str, wanted: str) -> float:
    """How many ``wanted`` one ``given`` is. Raises InputError where the dimensions differ."""
    one, other = parse(given), parse(wanted)
    if one.dimension != other.dimension:
        raise InputError.of("unit_dimension", value=given, wanted=wanted)
    return one.factor / other.factor
