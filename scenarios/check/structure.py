"""Parts and wholes: clusters, shares, and how many can be large."""

from collections.abc import Iterator

from scenarios import book as b
from scenarios.book import Book, Entry, Interval, follow
from scenarios.check.findings import Finding, Severity, output_factor
from simulator.plan import Target

#: The rest of industry may shrink by this much between two target years before it is a tension.
SHRINK = 0.10


def cluster_room(book: Book, prices: float) -> Iterator[Finding]:
    """The clusters' goals against the total, and what is left for everything else."""
    total_line = book.first(b.is_total_output)
    keys = [k for k, i in book.plan.indicators.items() if i.subjects == "clusters"]
    if total_line is None or not keys:
        return
    named = [key for key, c in book.plan.clusters.items() if not c.residual]
    years = sorted({e.year for c in named for k in keys for e in book.line(k, c).levels()})
    before: tuple[int, Interval] | None = None
    for year in years:
        entries = [
            e for c in named for k in keys for e in book.line(k, c).levels() if e.year == year
        ]
        total = _total_at(book, total_line.levels(), year, prices)
        if total is None:
            continue
        parts = [e.value for e in entries]
        together = Interval(
            sum(p.low for p in parts), sum(p.high for p in parts), sum(p.middle for p in parts)
        )
        room = follow(lambda t, s: t - s, total[0], together)
        rows = tuple(e.target for e in entries) + total[1]
        shown: dict[str, object] = {
            "year": year,
            "number": len(entries),
            "sum": together.middle,
            "total": total[0].middle,
            "share": 100 * together.middle / total[0].middle,
            "room": room.middle,
        }
        severity: Severity = "contradiction" if room.high < 0 else "note"
        code = "clusters_fill" if room.high < 0 else "clusters_room"
        if before is not None and room.high >= 0 and room.middle < (1 - SHRINK) * before[1].middle:
            severity, code = "tension", "clusters_squeeze"
            shown |= {"first": before[0], "before": before[1].middle}
        yield Finding(f"cluster-room-{year}", severity, code, shown, rows, {"room": room})
        yield from _large_clusters(book, year, entries, total)
        before = (year, room)


def _total_at(
    book: Book, levels: list[Entry], year: int, prices: float
) -> tuple[Interval, tuple[Target, ...]] | None:
    """The total output of a year: stated, or carried on from a stated year by Eq. 6."""
    for entry in levels:
        if entry.year == year:
            return entry.value, (entry.target,)
    for entry in reversed(levels):
        start, end = output_factor(book, entry.year), output_factor(book, year)
        if entry.of_base or entry.year > year or start is None or end is None:
            continue
        inflation = (1 + prices) ** (year - entry.year)
        carried = follow(lambda y, f, g, p=inflation: y * g / f * p, entry.value, start[0], end[0])
        return carried, (entry.target, *end[1])
    return None


def _large_clusters(
    book: Book, year: int, entries: list[Entry], total: tuple[Interval, tuple[Target, ...]]
) -> Iterator[Finding]:
    """'So many clusters above a size' against the total: the others need at least the size each."""
    for key, indicator in book.plan.indicators.items():
        if indicator.measure != "clusters_above" or indicator.threshold is None:
            continue
        goal = next((e for e in book.line(key).levels() if e.year == year), None)
        if goal is None or not isinstance(indicator.threshold.value, float | int):
            continue
        size = float(indicator.threshold.value)
        large = [e for e in entries if e.value.high >= size]
        others = max(0.0, goal.value.middle - len(large))
        least = sum(e.value.low for e in large) + others * size
        small = sum(e.value.low for e in entries if e not in large)
        over = least + small > total[0].middle
        severity: Severity = "contradiction" if least + small > total[0].high else "note"
        yield Finding(
            f"large-clusters-{year}",
            "tension" if over and severity == "note" else severity,
            "large_clusters_over" if over else "large_clusters",
            {
                "year": year,
                "goal": goal.value.middle,
                "size": size,
                "named": len(large),
                "others": others,
                "least": least + small,
                "total": total[0].middle,
            },
            (goal.target, *total[1]),
        )


def overlapping_shares(book: Book, prices: float) -> Iterator[Finding]:
    """Shares of one whole that add up to more than all of it must overlap."""
    lines = list(book.measured(b.is_share))
    years = sorted({e.year for line in lines for e in line.levels()})
    for year in years:
        entries = [e for line in lines for e in line.levels() if e.year == year]
        together = sum(e.value.low for e in entries)
        if len(entries) > 1 and together > 1:
            yield Finding(
                f"overlapping-shares-{year}",
                "note",
                "shares_overlap",
                {
                    "year": year,
                    "names": [e.target.indicator for e in entries],
                    "sum": 100 * sum(e.value.middle for e in entries),
                    "overlap": 100 * (together - 1),
                },
                tuple(e.target for e in entries),
            )


def gross_in_value_added(book: Book, prices: float) -> Iterator[Finding]:
    """A gross output named as a share of a value added is a category error."""
    for target in book.plan.targets:
        words = target.indicator_zh
        whole = any(w in words for w in ("增加值", "生产总值", "GDP"))
        part = words.split("占")[0] if "占" in words else ""
        if target.basis == "share" and whole and "产值" in part.replace("生产总值", ""):
            yield Finding(
                f"gross-in-value-added-{target.id}",
                "contradiction",
                "gross_in_value_added",
                {"target": target.id, "words": words},
                (target,),
            )
