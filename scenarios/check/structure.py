"""Parts and wholes: clusters, shares, and how many can be large."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, Entry, Interval, Line, follow, usable
from plansim.scenarios.check.findings import Finding, Severity, output_factor
from plansim.simulator import units
from plansim.simulator.plan import Target

#: The rest of industry may shrink by this much between two target years before it is a tension.
SHRINK = 0.10
#: What can be the whole of a share; 占全市比重 compares with another place.
WHOLE = re.compile("增加值|生产总值|GDP|产值|收入|工业|制造业|服务业")

#: A total with the rows it rests on, and whether it is stated or implied.
Total = tuple[Interval, tuple[Target, ...], str]


def cluster_room(book: Book, prices: float) -> Iterator[Finding]:
    """The clusters' goals against the total, and what is left for everything else."""
    before: tuple[int, Interval] | None = None
    for year, entries in sorted(_cluster_goals(book).items()):
        total = _total_at(book, year, prices)
        together = _together(e.value for e in entries)
        shown: dict[str, object] = {
            "year": year, "number": len(entries), "sum": together.middle,
        }  # fmt: skip
        rows = tuple(e.target for e in entries)
        if total is None:
            if len(entries) > 1:
                yield Finding(f"cluster-room-{year}", "gap", "clusters_no_total", shown, rows)
            continue
        room = follow(lambda t, s: t - s, total[0], together)
        shown |= {
            "total": total[0].middle,
            "source": total[2],
            "share": 100 * together.middle / total[0].middle,
            "room": room.middle,
            "prices": 100 * prices if total[2] == "implied_total" else 0,
        }
        severity: Severity = "contradiction" if room.high < 0 else "note"
        code = "clusters_fill" if room.middle < 0 else "clusters_room"
        if room.middle < 0 <= room.high:
            severity = "tension"
        elif before is not None and 0 <= room.middle < (1 - SHRINK) * before[1].middle:
            severity, code = "tension", "clusters_squeeze"
            shown |= {"first": before[0], "before": before[1].middle}
        yield Finding(
            f"cluster-room-{year}", severity, code, shown, rows + total[1], {"room": room}
        )
        before = (year, room)


def _together(given: Iterable[Interval]) -> Interval:
    parts = list(given)
    return Interval(
        sum(p.low for p in parts), sum(p.high for p in parts), sum(p.middle for p in parts)
    )


def _cluster_goals(book: Book) -> dict[int, list[Entry]]:
    """Output of the named clusters by year, as far as the plan states it."""
    keys = [
        key
        for key, i in book.plan.indicators.items()
        if i.subjects == "clusters" and b.is_total_output(i)
    ]
    found: dict[int, list[Entry]] = {}
    for name, cluster in book.plan.clusters.items():
        years = {e.year: e for k in keys for e in book.line(k, name).levels()}
        for year, entry in years.items() if not cluster.residual else ():
            found.setdefault(year, []).append(entry)
    return found


def _total_at(book: Book, year: int, prices: float) -> Total | None:
    """The total output of a year: stated, or carried on from a stated year by Eq. 6."""
    line = book.first(b.is_total_output)
    levels = line.levels() if line else []
    for entry in levels:
        if entry.year == year:
            return entry.value, (entry.target,), "stated_total"
    for entry in reversed(levels):
        start, end = output_factor(book, entry.year), output_factor(book, year)
        if line is None or entry.year > year or start is None or end is None:
            continue
        inflation = book.inflation(line, year - entry.year, prices)
        carried = follow(lambda y, f, g, p=inflation: y * g / f * p, entry.value, start[0], end[0])
        return carried, (entry.target, *end[1]), "implied_total"
    return None


def large_clusters(book: Book, prices: float) -> Iterator[Finding]:
    """'So many clusters above a size' against the others' goals and against the total."""
    entries_of, suffix = _cluster_goals(book), ""
    for key, indicator in book.plan.indicators.items():
        size = indicator.threshold.value if indicator.threshold else None
        if indicator.measure != "clusters_above" or not isinstance(size, float | int):
            continue
        for goal in book.line(key).levels():
            total, entries = _total_at(book, goal.year, prices), entries_of.get(goal.year, [])
            if goal.of_base or not (entries or total):
                continue
            finding = _large(goal, entries, float(size), total, prices)
            if finding is not None:
                yield replace(finding, id=f"large-clusters-{goal.year}{suffix}")
        suffix = f"-{len(suffix) + 2}"


def _large(
    goal: Entry, entries: list[Entry], size: float, total: Total | None, prices: float
) -> Finding | None:
    """The others need at least the size each, next to what those with goals are to reach."""
    large = [e for e in entries if e.value.middle >= size]
    others = max(0.0, goal.value.middle - len(large))
    shown: dict[str, object] = {
        "year": goal.year,
        "goal": goal.value.middle,
        "size": size,
        "named": len(large),
        "others": others,
        "clusters": len(entries),
        "largest": max((e.value.middle for e in entries), default=0.0),
    }
    rows = (goal.target, *(e.target for e in entries))
    if total is None:
        code = "large_clusters_few" if large else "large_clusters_none"
        return Finding("", "tension", code, shown, rows) if others else None
    least = others * size + sum(e.value.middle for e in entries)
    over = least > total[0].middle
    severity: Severity = "tension" if over else "note"
    if others * size + sum(e.value.low for e in entries) > total[0].high:
        severity = "contradiction"
    shown |= {
        "least": least,
        "total": total[0].middle,
        "source": total[2],
        "prices": 100 * prices if total[2] == "implied_total" else 0,
    }
    code = "large_clusters_over" if over else "large_clusters"
    return Finding("", severity, code, shown, (*rows, *total[1]))


def overlapping_shares(book: Book, prices: float) -> Iterator[Finding]:
    """Shares of one whole that add up to more than all of it must overlap."""
    wholes: dict[str, list[Line]] = {}
    for line in book.lines():
        indicator = book.plan.indicators.get(line.indicator)
        whole = b.share_of(line.rows[0].indicator_zh)[1]
        if not whole and indicator is not None and b.is_share(indicator):
            whole = "增加值"
        if WHOLE.search(whole):
            wholes.setdefault(whole, []).append(line)
    found: Counter[int] = Counter()
    for lines in wholes.values():
        for year in sorted({e.year for line in lines for e in line.levels()}):
            entries = [e for line in lines for e in line.levels() if e.year == year]
            if len(entries) < 2 or sum(e.value.low for e in entries) <= 1:
                continue
            together = sum(e.value.middle for e in entries)
            found[year] += 1
            yield Finding(
                f"overlapping-shares-{year}" + (f"-{found[year]}" if found[year] > 1 else ""),
                "note",
                "shares_overlap",
                {
                    "year": year,
                    "names": [book.name(e.target) for e in entries],
                    "sum": 100 * together,
                    "overlap": 100 * (together - 1),
                },
                tuple(e.target for e in entries),
            )


def gross_in_value_added(book: Book, prices: float) -> Iterator[Finding]:
    """A gross output named as a part of a value added is a category error.

    As a share: 产值 before 占, 增加值 behind it. As amounts of one line of the document and one
    year: introduced by 其中, or smaller than the value added of the same field, which no gross
    output of that field can be.
    """
    for target in book.plan.targets:
        part, whole = b.share_of(target.indicator_zh)
        if target.basis == "share" and b.GROSS.search(part) and b.VALUE_ADDED.search(whole):
            yield _gross(book, "gross_share", target, target)
        elif _is_amount(target) and b.GROSS.search(target.indicator_zh):
            around = next((t for t in book.plan.targets if _holds(t, target)), None)
            if around is not None:
                yield _gross(book, "gross_amount", target, around)


def _gross(book: Book, code: str, part: Target, whole: Target) -> Finding:
    return Finding(
        f"gross-in-value-added-{part.id}",
        "contradiction",
        code,
        {
            "target": book.name(part),
            "words": part.indicator_zh,
            "whole": whole.indicator_zh,
            "one": part,
            "other": whole,
        },
        (whole, part) if whole is not part else (part,),
    )


def _is_amount(target: Target) -> bool:
    """A level in money."""
    money = units.parse(target.unit).dimension == (("money", 1),)
    return usable(target) and target.basis == "level" and money


def _holds(whole: Target, part: Target) -> bool:
    """Whether an amount of value added is said to hold an amount of gross output."""
    if not _is_amount(whole) or whole.year != part.year or whole.low is None or part.low is None:
        return False
    if not b.VALUE_ADDED.search(whole.indicator_zh) or not {*b.cited(whole)} & {*b.cited(part)}:
        return False
    if "其中" in part.indicator_zh:
        return True
    fields = [b.COMMON.sub("", t.indicator_zh) for t in (whole, part)]
    one, other = sorted(fields, key=len)
    smaller = b.with_scale(part).scale * part.low < b.with_scale(whole).scale * whole.low
    return bool(one) and other.startswith(one) and smaller
