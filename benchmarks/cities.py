"""Writes the tables of docs/cities.md and docs/cities.zh-CN.md anew: python benchmarks/cities.py

What stands between ``<!-- NAME -->`` and ``<!-- / -->`` on a page is replaced by the table NAME.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import yaml

from plansim.benchmarks.city_outturns import (
    OWN,
    SECTORS,
    Comparison,
    Outturn,
    Togetherness,
    compare,
    outturns,
    togetherness,
)
from plansim.scenarios.load import load

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {"en": DOCS / "cities.md", "zh": DOCS / "cities.zh-CN.md"}
#: Plans and spans of years of which is shown what common factors do.
PLACES, SPANS = ("yuyao-2016", "shaoxing-2016"), (1, 5)

WORDS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def number(value: float, digits: int = 3) -> str:
    """About ``digits`` significant digits, without an exponent, a real minus sign."""
    text = f"{value:.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"
    return text.replace("-", "−")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def row_name(outturn: Outturn, lang: str) -> str:
    """The row of a figure, and whether it is from memory only."""
    remembered = outturn.confidence.startswith("memory")
    return f"{outturn.id} ({WORDS[lang]['memory']})" if remembered else outturn.id


def own_table(found: Sequence[Comparison], lang: str) -> str:
    """The figures of the places themselves."""
    words, rows = WORDS[lang], []
    for c in found[:OWN]:
        what, read_as = words["own"][c.reading.key].values()
        row = row_name(c.outturn, lang)
        simulated = f"{number(c.middle)} ({number(c.low)} … {number(c.high)})"
        mark = words["hit" if c.hit else "miss"]
        percentile = f"{c.percentile:.0f}"
        rows.append((row, what, number(c.observed), simulated, percentile, mark, read_as))
    return table(words["heads"]["own"], rows)


def group(c: Comparison) -> str:
    """The line of the wider table that a comparison stands in."""
    row = c.outturn.id
    if row in ("CN6", "CN7", "CN8", "CN9", "CN10"):
        return "growth"
    if row in ("CN11", "CN12"):
        return "prices"
    return c.reading.key if row == "NB9" else row


def row_order(row: str) -> tuple[str, int]:
    """CN9 before CN10."""
    match = re.match(r"([A-Z]+)(\d+)", row)
    assert match is not None, row
    return match[1], int(match[2])


def label(c: Comparison, lang: str) -> str:
    """What tells the figures of one line apart: the sector, or the year or years."""
    for sector in SECTORS:
        if sector in c.reading.key:
            return str(WORDS[lang]["sectors"][sector])
    first, last = (outturns()[key].year for key in (c.reading.figures[0], c.reading.figures[-1]))
    return first if first == last else f"{first}–{last}"


def wider_table(found: Sequence[Comparison], lang: str) -> str:
    """The figures of wider places, one line a kind."""
    groups: dict[str, list[Comparison]] = {}
    for c in found[OWN:]:
        groups.setdefault(group(c), []).append(c)
    words, rows = WORDS[lang], []
    for name, members in groups.items():
        what, whose = words["wider"][name].values()
        cited = (outturns()[key] for c in members for key in c.reading.figures)
        ids = ", ".join(sorted({row_name(o, lang) for o in cited}, key=row_order))
        told = "; ".join(
            f"{label(c, lang)} {number(c.observed)} → {c.percentile:.0f}" for c in members
        )
        hits = sum(c.hit for c in members)
        rows.append((ids, f"{what}; {whose}", told, f"{hits} / {len(members)}"))
    return table(words["heads"]["wider"], rows)


def together_table(found: Sequence[Togetherness], lang: str) -> str:
    """What common factors do."""
    rows = []
    for t in found:
        ranges = [
            f"{number(low)} … {number(high)} %" for low, high in (t.shipped, t.shock_free, t.free)
        ]
        rows.append((t.plan, str(t.years), *ranges, f"{100 * t.share:.0f} %"))
    return table(WORDS[lang]["heads"]["together"], rows)


def untested_table(lang: str) -> str:
    """The rows that no run is held against."""
    return table(WORDS[lang]["heads"]["untested"], WORDS[lang]["untested"].items())


def summary(found: Sequence[Comparison], lang: str) -> str:
    """How many figures lie where they should."""
    own, wider = found[:OWN], found[OWN:]
    return str(WORDS[lang]["summary"]).format(
        hits=sum(c.hit for c in own), all=len(own), half=in_half(own),
        wide=sum(c.hit for c in wider), many=len(wider), wide_half=in_half(wider),
    )  # fmt: skip


def in_half(found: Sequence[Comparison]) -> int:
    """How many lie between the 25 % and the 75 % quantile."""
    return sum(25 <= c.percentile <= 75 for c in found)


def filled(page: str, tables: dict[str, Callable[[], str]]) -> str:
    """A page with its tables written anew."""
    for name, text in tables.items():
        parts = re.split(rf"(?s)(?<=<!-- {name} -->\n).*?(?=\n<!-- / -->)", page)
        if len(parts) != 2:
            raise ValueError(f"the page has {len(parts) - 1} places for the table {name}, not one")
        page = text().join(parts)
    return page


def pages() -> dict[str, str]:
    """Both pages as they should be."""
    found = compare()
    together = [t for name in PLACES for t in togetherness(load(name), SPANS)]
    return {
        lang: filled(
            page.read_text(encoding="utf-8"),
            {
                "own": partial(own_table, found, lang),
                "wider": partial(wider_table, found, lang),
                "together": partial(together_table, together, lang),
                "untested": partial(untested_table, lang),
                "summary": partial(summary, found, lang),
            },
        )
        for lang, page in PAGES.items()
    }


def main() -> None:
    for lang, text in pages().items():
        PAGES[lang].write_text(text, encoding="utf-8")
        print(f"wrote {PAGES[lang].name}", file=sys.stderr)


if __name__ == "__main__":
    main()
