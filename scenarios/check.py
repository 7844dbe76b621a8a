"""A plan's own arithmetic: what its figures imply, and where they contradict one another.

Identities and interval arithmetic over the stated figures and their rounding; no random number.
Every rule is a function of the book of figures; it knows indicators by what they are made of,
never by the plan they come from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from scenarios import book as b
from scenarios import units
from scenarios.book import Book, Entry, Interval, exactly, follow, usable
from simulator.plan import Target

Severity = Literal["contradiction", "tension", "gap", "note"]
SEVERITIES: tuple[Severity, ...] = ("contradiction", "tension", "gap", "note")

#: A pace that changes by more than this factor between periods is a tension.
PACE = 2.0
#: A goal that moves less than this share of its base over the period is almost no change.
STILL = 0.04
#: The rest of industry may shrink by this much between two target years before it is a tension.
SHRINK = 0.10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the plan's figures say. ``code`` is a sentence of the catalogue."""

    id: str
    severity: Severity
    code: str
    fields: Mapping[str, object]
    targets: tuple[Target, ...]
    figures: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def lines(self) -> str:
        """Document and line of every figure that the finding rests on: yuyao-2016:L36,L217."""
        found: dict[str, dict[str, None]] = {}
        for target in self.targets:
            document = ""
            for part in target.source.split(","):
                name, colon, line = part.rpartition(":")
                document = name if colon else document
                found.setdefault(document, {})[line] = None
        return "; ".join(f"{document}:{','.join(lines)}" for document, lines in found.items())


def check(plan_book: Book, prices: float = 0.0) -> list[Finding]:
    """All findings, gravest first. ``prices``: assumed change of output prices a year."""
    found = [finding for rule in RULES for finding in rule(plan_book, prices)]
    return sorted(found, key=lambda f: SEVERITIES.index(f.severity))


def span(entry: Entry, book: Book) -> int:
    return entry.year - book.base_year


def growth_factor(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Growth of real value added from the base year to ``year``, from the stated rates."""
    line = book.first(b.is_value_added)
    if line is None:
        return None
    factor, rows, reached = exactly(1.0), [], book.base_year
    for entry in sorted(line.growths(), key=lambda e: e.year):
        if reached >= year:
            break
        years = min(entry.year, year) - reached
        factor = follow(lambda f, g, n=years: f * (1 + g) ** n, factor, entry.value)
        rows.append(entry.target)
        reached += years
    return (factor, tuple(rows)) if reached == year and rows else None


def rate_ratio(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Value-added rate of ``year`` over that of the base year."""
    line = book.first(b.is_rate)
    base = line.base() if line else None
    if line is None or base is None:
        return None
    for entry in line.levels():
        if entry.year == year and not entry.of_base:
            ratio = follow(lambda v, v0: v / v0, entry.value, base.value)
            return ratio, (entry.target,)
    return None


def output_factor(book: Book, year: int) -> tuple[Interval, tuple[Target, ...]] | None:
    """Growth of real output that value added and its rate imply (Eq. 6)."""
    growth, rate = growth_factor(book, year), rate_ratio(book, year)
    if growth is None or rate is None:
        return None
    return follow(lambda f, r: f / r, growth[0], rate[0]), (*growth[1], *rate[1])


# -- rules -----------------------------------------------------------------------------------------


def implied_base_output(book: Book, prices: float) -> Iterator[Finding]:
    """Output in the base year from the total, value-added growth and rate (Eq. 6)."""
    line = book.first(b.is_total_output)
    if line is None:
        return
    for entry in line.levels():
        implied = output_factor(book, entry.year)
        if entry.of_base or implied is None:
            continue
        factor, rows = implied
        inflation = (1 + prices) ** span(entry, book)
        base = follow(lambda y, f, p=inflation: y / (f * p), entry.value, factor)
        years = span(entry, book)
        yearly = follow(lambda f, n=years: f ** (1 / n) - 1, factor)
        stated = line.base()
        severity: Severity = "note"
        if stated is not None:
            severity = "contradiction" if stated.value.apart(base) else "note"
        yield Finding(
            f"implied-base-output-{entry.year}",
            severity,
            "base_output_stated" if stated else "base_output",
            {
                "year": entry.year,
                "total": entry.value.middle,
                "base": base.middle,
                "low": base.low,
                "high": base.high,
                "growth": 100 * yearly.middle,
                "base_year": book.base_year,
                "stated": stated.value.middle if stated else None,
            },
            (entry.target, *rows),
            {"base_output": base, "output_growth": yearly},
        )


def implied_base(book: Book, prices: float) -> Iterator[Finding]:
    """A base that the document does not give, from a later level and the growth it states."""
    for line in book.lines():
        levels = [e for e in line.levels() if not e.of_base]
        if line.base() is not None or not levels:
            continue
        for growth in line.growths():
            level = next((e for e in levels if e.year == growth.year), None)
            if level is None or span(level, book) < 1:
                continue
            years, inflation = span(level, book), (1 + prices) ** span(level, book)
            base = follow(
                lambda x, g, n=years, p=inflation: x / ((1 + g) ** n * p),
                level.value, growth.value,
            )  # fmt: skip
            scale = level.target.scale
            yield Finding(
                f"implied-base-{level.target.id}",
                "note",
                "level_base",
                {
                    "target": level.target.id,
                    "year": level.year,
                    "growth": 100 * growth.value.middle,
                    "base_year": book.base_year,
                    "base": base.middle / scale,
                    "low": base.low / scale,
                    "high": base.high / scale,
                    "unit": level.target.unit,
                },
                (level.target, growth.target),
                {"base": base},
            )


def implied_growth(book: Book, prices: float) -> Iterator[Finding]:
    """Growth a year between two stated levels, against a stated growth where there is one."""
    for line in book.lines():
        levels = line.levels()
        for before, after in pairwise(levels):
            years = after.year - before.year
            counted = after.target.kind != "outcome" or after.target.unit in ("%", "index")
            if before.value.low <= 0 or counted or years < 1:
                continue
            money = units.same_dimension(after.target.unit, "亿元")
            pace = follow(lambda x, y, n=years: (y / x) ** (1 / n) - 1, before.value, after.value)
            claimed = next((g for g in line.growths() if g.year == after.year), None)
            clash = claimed is not None and claimed.value.apart(pace)
            yield Finding(
                f"implied-growth-{after.target.id}",
                "contradiction" if clash else "note",
                "growth_clash" if clash else "growth_nominal" if money else "growth_implied",
                {
                    "target": after.target.id,
                    "first": before.year,
                    "last": after.year,
                    "growth": 100 * pace.middle,
                    "real": 100 * ((1 + pace.middle) / (1 + prices) - 1),
                    "stated": 100 * claimed.value.middle if claimed else None,
                },
                (before.target, after.target),
                {"growth": pace},
            )


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


def jobs(book: Book, prices: float) -> Iterator[Finding]:
    """Value added over productivity is employment (Eq. 8)."""
    added, productive = book.first(b.is_value_added), book.first(b.is_productivity)
    if added is None or productive is None:
        return
    pairs = [(g, p) for g in added.growths() for p in productive.growths() if g.year == p.year]
    base = (added.base_growth(), productive.base_growth())
    past: Interval | None = None
    if base[0] is not None and base[1] is not None:
        past = follow(_jobs_growth, base[0].value, base[1].value)
    for growth, productivity in pairs:
        change = follow(_jobs_growth, growth.value, productivity.value)
        turns = past is not None and (past.high < 0 <= change.low or change.high < 0 <= past.low)
        yield Finding(
            f"jobs-{growth.year}",
            "tension" if turns else "note",
            "jobs_turn" if turns else "jobs",
            {
                "year": growth.year,
                "growth": 100 * growth.value.middle,
                "productivity": 100 * productivity.value.middle,
                "low": 100 * change.low,
                "high": 100 * change.high,
                "past": 100 * past.middle if past else None,
                "base_year": book.base_year,
            },
            (growth.target, productivity.target),
            {"employment_growth": change},
        )


def _jobs_growth(growth: float, productivity: float) -> float:
    return (1 + growth) / (1 + productivity) - 1


def resource_use(book: Book, prices: float) -> Iterator[Finding]:
    """Growth and intensity imply use (Eq. 7); flat use; what the value-added rate brings alone."""
    for line in book.measured(b.is_intensity):
        resource = book.plan.indicators[line.indicator].of
        for entry in line.changes():
            years = span(entry, book)
            flat = follow(lambda c, n=years: (1 + c) ** (-1 / n) - 1, entry.value)
            growth = growth_factor(book, entry.year)
            if growth is not None:
                use = follow(lambda f, c: f * (1 + c) - 1, growth[0], entry.value)
                yield Finding(
                    f"{resource}-use-{entry.year}",
                    "tension" if use.low > 0.05 else "note",
                    "resource_use",
                    {
                        "resource": resource,
                        "year": entry.year,
                        "use": 100 * use.middle,
                        "flat": 100 * flat.middle,
                        "change": 100 * entry.value.middle,
                    },
                    (entry.target, *growth[1]),
                    {"use": use, "flat_growth": flat},
                )
            rate = rate_ratio(book, entry.year)
            if rate is not None and entry.value.middle < 0:
                alone = follow(lambda r: 1 / r - 1, rate[0])
                yield Finding(
                    f"{resource}-by-rate-{entry.year}",
                    "note",
                    "resource_by_rate",
                    {
                        "resource": resource,
                        "year": entry.year,
                        "change": 100 * entry.value.middle,
                        "alone": 100 * alone.middle,
                        "part": 100 * alone.middle / entry.value.middle,
                    },
                    (entry.target, *rate[1]),
                    {"by_rate": alone},
                )


def harder_by_growth(book: Book, prices: float) -> Iterator[Finding]:
    """A ratio to revenue whose numerator must outgrow revenue as well."""
    for line in book.measured(b.is_per_revenue):
        base = line.base()
        for entry in line.levels():
            implied = output_factor(book, entry.year)
            if base is None or entry.of_base or implied is None:
                continue
            years = span(entry, book)
            factor, inflation = implied[0], (1 + prices) ** years
            pace = follow(
                lambda x, x0, f, n=years, p=inflation: (x / x0 * f * p) ** (1 / n) - 1,
                entry.value, base.value, factor,
            )  # fmt: skip
            ratio = follow(lambda x, x0, n=years: (x / x0) ** (1 / n) - 1, entry.value, base.value)
            yield Finding(
                f"harder-by-growth-{entry.target.id}",
                "note",
                "harder_by_growth",
                {
                    "target": entry.target.id,
                    "year": entry.year,
                    "ratio": 100 * ratio.middle,
                    "pace": 100 * pace.middle,
                },
                (entry.target, *implied[1]),
                {"numerator_growth": pace},
            )


def research(book: Book, prices: float) -> Iterator[Finding]:
    """R&D of firms against R&D of the place: the two ratios must rise together."""
    firms, place = book.line("rd_to_revenue"), book.line("rd_to_gdp")
    if not firms.rows or not place.rows:
        return
    firms_base, place_base = firms.base(), place.base()
    for entry in place.levels():
        twin = next((e for e in firms.levels() if e.year == entry.year and not e.of_base), None)
        if entry.of_base or twin is None or firms_base is None:
            continue
        rise = twin.value.middle / firms_base.value.middle - 1
        if place_base is None:
            implied = entry.value.middle / (1 + rise)
            yield Finding(
                f"research-{entry.year}",
                "gap",
                "research_base",
                {
                    "year": entry.year,
                    "goal": 100 * entry.value.middle,
                    "rise": 100 * rise,
                    "implied": 100 * implied,
                },
                (entry.target, twin.target),
            )
        else:
            other = entry.value.middle / place_base.value.middle - 1
            yield Finding(
                f"research-{entry.year}",
                "tension" if abs(other - rise) > 0.15 else "note",
                "research",
                {"year": entry.year, "firms": 100 * rise, "place": 100 * other},
                (entry.target, twin.target),
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


def stated_twice(book: Book, prices: float) -> Iterator[Finding]:
    """The same goal stated again with another value, year, comparator or scope."""
    by_id = {t.id: t for t in book.plan.targets}
    for again in book.plan.targets:
        first = by_id.get(again.restates)
        if first is None:
            continue
        differences = [
            name
            for name, one, other in (
                ("value", (first.low, first.high), (again.low, again.high)),
                ("year", first.year, again.year),
                ("comparator", first.comparator, again.comparator),
                ("scope", (first.indicator_zh, first.subject), (again.indicator_zh, again.subject)),
            )
            if one != other
        ]
        clash = "value" in differences and first.unit == again.unit and first.year == again.year
        yield Finding(
            f"stated-twice-{again.id}",
            "contradiction" if clash else "tension",
            "stated_twice",
            {
                "first": first.id,
                "again": again.id,
                "differences": differences or ["wording"],
            },
            (first, again),
        )


def too_late(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose year had ended, or almost, when the document was written."""
    year, month = b.document_year(book.plan)
    for target in book.plan.targets:
        if target.year is not None and target.year <= year:
            yield Finding(
                f"too-late-{target.id}",
                "tension",
                "too_late",
                {"target": target.id, "year": target.year, "dated": book.plan.plan.dated},
                (target,),
            )
        elif target.year == year + 1:
            yield Finding(
                f"soon-{target.id}",
                "note",
                "soon",
                {
                    "target": target.id,
                    "year": target.year,
                    "months": 24 - month,
                    "dated": book.plan.plan.dated,
                },
                (target,),
            )


def change_of_pace(book: Book, prices: float) -> Iterator[Finding]:
    """A goal whose pace per year changes much between two periods, or against the base year's."""
    for line in book.lines():
        levels = line.levels()
        for one, two, three in zip(levels, levels[1:], levels[2:], strict=False):
            early = (two.value.middle - one.value.middle) / (two.year - one.year)
            late = (three.value.middle - two.value.middle) / (three.year - two.year)
            if early == 0 or late == 0:
                continue
            ratio = late / early
            if 1 / PACE <= ratio <= PACE:
                continue
            scale = three.target.scale
            yield Finding(
                f"pace-{three.target.id}",
                "tension",
                "pace",
                {
                    "target": three.target.id,
                    "first": one.year,
                    "middle": two.year,
                    "last": three.year,
                    "early": early / scale,
                    "late": late / scale,
                    "unit": three.target.unit,
                },
                (two.target, three.target),
            )
        base = line.base_growth()
        for entry in line.growths():
            if base is not None and base.value.middle > 0:
                ratio = entry.value.middle / base.value.middle
                if ratio > 1.25:
                    yield Finding(
                        f"faster-{entry.target.id}",
                        "tension",
                        "faster",
                        {
                            "target": entry.target.id,
                            "goal": 100 * entry.value.middle,
                            "base": 100 * base.value.middle,
                            "base_year": book.base_year,
                        },
                        (entry.target,),
                    )
                    break


def almost_still(book: Book, prices: float) -> Iterator[Finding]:
    """Goals that ask for almost no change."""
    for line in book.lines():
        levels = line.levels()
        for before, after in pairwise(levels):
            if before.value.middle == 0 or after.target.comparator == "range":
                continue
            move = after.value.middle / before.value.middle - 1
            if abs(move) < STILL and after.target.comparator != "all":
                yield Finding(
                    f"almost-still-{after.target.id}",
                    "note",
                    "almost_still",
                    {
                        "target": after.target.id,
                        "first": before.year,
                        "before": before.value.middle / before.target.scale,
                        "after": after.value.middle / after.target.scale,
                        "unit": after.target.unit,
                    },
                    (after.target,),
                )


def without_base(book: Book, prices: float) -> Iterator[Finding]:
    """Goals whose level in the base year the document does not give."""
    for line in book.lines():
        goals = [r for r in line.rows if r.basis in ("level", "share", "rate") and usable(r)]
        judged = [r for r in goals if r.status == "judged" and r.kind == "outcome"]
        if judged and line.base() is None:
            yield Finding(
                f"no-base-{goals[0].id}",
                "gap",
                "no_base",
                {"target": goals[0].id, "base_year": book.base_year},
                tuple(goals),
            )


RULES: tuple[Callable[[Book, float], Iterator[Finding]], ...] = (
    implied_base_output,
    implied_base,
    implied_growth,
    cluster_room,
    overlapping_shares,
    jobs,
    resource_use,
    harder_by_growth,
    research,
    gross_in_value_added,
    stated_twice,
    too_late,
    change_of_pace,
    almost_still,
    without_base,
)
