"""Jobs, energy, water, patents and research: what growth does to them."""

from collections.abc import Iterator

from plansim.scenarios import book as b
from plansim.scenarios.book import Book, Entry, Interval, Line, exactly, follow
from plansim.scenarios.check.findings import (
    Finding,
    Severity,
    growth_factor,
    output_factor,
    pace,
    rate_ratio,
    span,
)
from plansim.simulator.plan import Target

#: Use that rises by more than this until the target year is a tension. [fraction]
MORE_USE = 0.05
#: Two research ratios whose rises differ by more than this are a tension. [fraction]
RESEARCH_APART = 0.15

Pace = tuple[Interval, tuple[Target, ...]]


def jobs(book: Book, prices: float) -> Iterator[Finding]:
    """Value added over productivity is employment (Eq. 8)."""
    added, lines = book.first(b.is_value_added), list(book.measured(b.is_productivity))
    growths = added.growths() if added else []
    past = _past_jobs(added, lines)
    for growth in growths:
        productivity, moved = _productivity(book, lines, growth.since, growth.year, prices)
        if productivity is None:
            continue
        change = follow(_jobs_growth, growth.value, productivity[0])
        turns = past is not None and (past.high < 0 <= change.low or change.high < 0 <= past.low)
        yield Finding(
            f"jobs-{growth.year}",
            "tension" if turns else "note",
            "jobs" if past is None else "jobs_past",
            {
                "year": growth.year,
                "added": 100 * growth.value.middle,
                "productivity": 100 * productivity[0].middle,
                "jobs": 100 * change.middle,
                "range": b.scaled(change, 100),
                "past": 100 * past.middle if past else None,
                "base_year": book.base_year,
                "prices": 100 * prices if moved else 0,
            },
            (growth.target, *productivity[1]),
            {"employment_growth": change},
        )
    alone = {} if growths else {e.year: e for line in lines for e in line.growths()}
    for entry in alone.values():
        yield Finding(
            f"jobs-{entry.year}",
            "gap",
            "jobs_flat",
            {"year": entry.year, "productivity": 100 * entry.value.middle},
            (entry.target,),
            {"flat_growth": entry.value},
        )


def _past_jobs(added: Line | None, lines: list[Line]) -> Interval | None:
    """Growth of employment in the base year."""
    growth = added.base_growth() if added else None
    productivity = next((p for line in lines if (p := line.base_growth())), None)
    if growth is None or productivity is None:
        return None
    return follow(_jobs_growth, growth.value, productivity.value)


def _productivity(
    book: Book, lines: list[Line], since: int, year: int, prices: float
) -> tuple[Pace | None, bool]:
    """Growth of productivity over a period, and whether the assumed prices move it."""
    for line in lines:
        found = pace(book, line, since, year, prices)
        if found is not None:
            return found, found != pace(book, line, since, year, 0.0)
    return None, False


def _jobs_growth(growth: float, productivity: float) -> float:
    return (1 + growth) / (1 + productivity) - 1


def resource_use(book: Book, prices: float) -> Iterator[Finding]:
    """Growth and intensity imply use (Eq. 7); flat use; what the value-added rate brings alone."""
    for line in book.measured(b.is_intensity):
        resource = book.plan.indicators[line.indicator].of.removeprefix("city.")
        for entry in line.changes():
            if entry.value.middle < 0:
                yield _use(book, resource, entry)
                yield from _by_rate(book, resource, entry)


def _use(book: Book, resource: str, entry: Entry) -> Finding:
    years = span(entry, book)
    flat = follow(lambda c: (1 + c) ** (-1 / years) - 1, entry.value)
    shown: dict[str, object] = {
        "target": book.name(entry.target),
        "year": entry.year,
        "flat": 100 * flat.middle,
        "change": 100 * entry.value.middle,
    }
    name, figures = f"{resource}-use-{entry.year}", {"flat_growth": flat}
    growth = growth_factor(book, entry.year)
    if growth is None:
        return Finding(name, "note", "resource_flat", shown, (entry.target,), figures)
    use = follow(lambda f, c: f * (1 + c) - 1, growth[0], entry.value)
    shown["use"] = 100 * use.middle
    shown["added"] = 100 * (growth[0].middle ** (1 / years) - 1)
    return Finding(
        name,
        "tension" if use.middle > MORE_USE else "note",
        "resource_use",
        shown,
        (entry.target, *growth[1]),
        {"use": use, **figures},
    )


def _by_rate(book: Book, resource: str, entry: Entry) -> Iterator[Finding]:
    rate = rate_ratio(book, entry.year)
    if rate is None:
        return
    alone = follow(lambda r: 1 / r - 1, rate[0])
    yield Finding(
        f"{resource}-by-rate-{entry.year}",
        "note",
        "resource_by_rate",
        {
            "target": book.name(entry.target),
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
        for entry in line.levels() if base is not None and base.value.low > 0 else ():
            years = span(entry, book)
            if entry.of_base or base is None or years < 1:
                continue
            implied = output_factor(book, entry.year)
            factor, rows = implied if implied is not None else (exactly(1.0), ())
            inflation = (1 + prices) ** years
            rise = follow(lambda x, x0, n=years: (x / x0) ** (1 / n) - 1, entry.value, base.value)
            numerator = follow(
                lambda r, f, n=years, p=inflation: (1 + r) * (f * p) ** (1 / n) - 1, rise, factor
            )
            yield Finding(
                f"harder-by-growth-{entry.target.id}",
                "note",
                "harder_by_growth" if implied is not None else "harder_alone",
                {
                    "target": book.name(entry.target),
                    "year": entry.year,
                    "ratio": 100 * rise.middle,
                    "pace": 100 * numerator.middle,
                    "slope": 1 + rise.middle,
                    "prices": 100 * prices if implied is not None else 0,
                },
                (entry.target, *rows),
                {"numerator_growth": numerator} if implied is not None else {"ratio_growth": rise},
            )


def research(book: Book, prices: float) -> Iterator[Finding]:
    """R&D of firms by revenue against R&D of the place by GDP: they must rise together."""
    firms, place = _research_by(book, "收入"), _research_by(book, "GDP")
    firms_base, place_base = firms.base() if firms else None, place.base() if place else None
    twins = {e.year: e for e in firms.levels() if not e.of_base} if firms else {}
    for entry in place.levels() if place else ():
        twin = twins.get(entry.year)
        if entry.of_base or twin is None:
            continue
        yield from _gdp_of_research(book, entry, twin)
        if firms_base is None or firms_base.value.low <= 0:
            continue
        rise = twin.value.middle / firms_base.value.middle - 1
        shown: dict[str, object] = {
            "year": entry.year, "base_year": book.base_year, "goal": 100 * entry.value.middle,
            "firms": 100 * rise, "implied": 100 * entry.value.middle / (1 + rise),
        }  # fmt: skip
        severity: Severity = "gap"
        if place_base is not None and place_base.value.low > 0:
            other = entry.value.middle / place_base.value.middle - 1
            shown["place"] = 100 * other
            severity = "tension" if abs(other - rise) > RESEARCH_APART else "note"
        yield Finding(
            f"research-{entry.year}",
            severity,
            "research" if "place" in shown else "research_base",
            shown,
            (entry.target, twin.target),
        )


def _research_by(book: Book, whole: str) -> Line | None:
    """Research as a share of what the words name."""
    for line in book.lines():
        part, by = b.share_of(line.rows[0].indicator_zh)
        if b.RESEARCH.search(part) and whole in by:
            return line
    return None


def _gdp_of_research(book: Book, place: Entry, firms: Entry) -> Iterator[Finding]:
    """What firms spend, with revenue taken as output, is a part of what the place spends."""
    line = book.first(b.is_total_output)
    for total in line.levels() if line else ():
        if total.year == place.year:
            spent = follow(lambda r, y: r * y, firms.value, total.value)
            gdp = follow(lambda s, r: s / r, spent, place.value)
            yield Finding(
                f"research-gdp-{place.year}",
                "note",
                "research_gdp",
                {
                    "year": place.year,
                    "firms": 100 * firms.value.middle,
                    "total": total.value.middle,
                    "spent": spent.middle,
                    "goal": 100 * place.value.middle,
                    "gdp": gdp.middle,
                },
                (place.target, firms.target, total.target),
                {"least_gdp": gdp},
            )
