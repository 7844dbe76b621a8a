"""Numbers, shares and amounts as a person reads them, in either language."""

from plansim.words.catalogue import catalogue, say

#: Units that are shown behind a number; counts are shown bare in English.
SHOWN_UNITS = {"%": " %", "亿元": " 亿元", "万元/person": " 万元", "times": "×", "km2": " km²"}


#: Units that are not shown behind a number in Chinese.
BARE = ("1", "index", "person", "firm", "cluster", "place", "project", "count")


def number(value: float, digits: int = 3) -> str:
    """A number with about ``digits`` significant digits and no exponent: 1950, 18.3, 0.994."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace(",", "")
    text = f"{value:.{digits}g}"
    return f"{float(text):.10f}".rstrip("0").rstrip(".") if "e" in text else text


def exact(value: float) -> str:
    """A number as the document writes it: 93, 0.994, 63.64."""
    return f"{value:.10g}"


def with_unit(text: str, unit: str, lang: str) -> str:
    """A number with its unit: 200 亿元, 16 %, 20 家 (20 in English)."""
    if unit in SHOWN_UNITS:
        return text + SHOWN_UNITS[unit]
    if lang == "zh" and unit not in BARE:
        known = f"measure.{unit}"
        return f"{text} {say(known, lang) if known in catalogue(lang) else unit}"
    return text


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage; never 0 or 100 unless it is exactly that."""
    if 0 < share <= 0.5 * 10 ** (-2 - digits):
        return f"<{10**-digits:g}%"
    if 1 > share >= 1 - 0.5 * 10 ** (-2 - digits):
        return f">{100 - 10**-digits:g}%"
    return f"{100 * share:.{digits}f}%"
