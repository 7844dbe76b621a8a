"""Jobs, energy, water, patents and research: what growth does to them."""

from collections.abc import Iterator

from scenarios import book as b
from scenarios.book import Book, Interval, follow
from scenarios.check.findings import Finding, growth_factor, output_factor, rate_ratio, span

#: Use that rises by more than this until the target year is a tension. [fraction]
MORE_USE = 0.05
#: Two research ratios whose rises differ by more than this are a tension. [fraction]
RESEARCH_APART = 0.15


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
                    "tension" if use.low > MORE_USE else "note",
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
                "tension" if abs(other - rise) > RESEARCH_APART else "note",
                "research",
                {"year": entry.year, "firms": 100 * rise, "place": 100 * other},
                (entry.target, twin.target),
            )
