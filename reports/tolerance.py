"""Whether a run came as near as was asked: said above its table, or told beside it."""

from math import ceil, floor, log10

from plansim.simulator.results import Result
from plansim.words.catalogue import say

#: At most this many targets are named.
NAMED = 5


def settled(result: Result, lang: str) -> list[str]:
    """That every interval is as narrow as was asked, if it was asked."""
    if result.settings.tolerance is None or result.unsettled:
        return []
    return [
        say(
            "report.settled",
            lang,
            tolerance=points(result.settings.tolerance),
            draws=result.settings.draws,
        )
    ]


def unsettled(result: Result, lang: str) -> list[str]:
    """Which targets are not known as well as was asked, and about how many draws would do."""
    tolerance, left = result.settings.tolerance, result.unsettled
    if tolerance is None or not left:
        return []
    left = tuple(sorted(left, key=lambda v: -(v.half_width or 0.0)))
    widest = left[0].half_width or 0.0
    names = ("、" if lang == "zh" else ", ").join(v.target for v in left[:NAMED])
    if len(left) > NAMED:
        names = say("report.more", lang, text=names, number=len(left) - NAMED)
    return [
        say(
            "report.unsettled",
            lang,
            tolerance=points(tolerance),
            draws=result.settings.draws,
            number=len(left),
            total=len(result.judged),
            list=names,
            widest=points(widest),
            needed=f"{upwards(result.settings.draws * (widest / tolerance) ** 2):,}",
        )
    ]


def points(share: float) -> str:
    """A half-width in percentage points, two digits: 0.5."""
    return f"{float(f'{100 * share:.2g}'):g}"


def upwards(number: float) -> int:
    """Rounded up to two digits."""
    step = int(10 ** max(0, floor(log10(number)) - 1))
    return ceil(number / step - 1e-9) * step
