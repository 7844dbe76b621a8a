"""The pictures of a report, made of its dossier."""

from collections.abc import Iterator, Sequence

from plansim.analysis.workers import Aside, here
from plansim.reports.book.attachments import most_moved, steps_of
from plansim.reports.book.dossier import Dossier, file_name
from plansim.reports.pictures.board import Bar, board_pictures
from plansim.reports.pictures.canvas import DPI, WIDTH, Picture, Style, studio
from plansim.reports.pictures.fans import FanTask
from plansim.reports.pictures.frontier import Point, frontier_picture
from plansim.reports.pictures.gantt import gantt
from plansim.reports.pictures.rarity import Need, rarity_pictures, yearly
from plansim.reports.pictures.waterfall import gathered, waterfall_picture
from plansim.simulator.feasibility import required_change
from plansim.simulator.trace import trace
from plansim.words.amounts import percent
from plansim.words.catalogue import say
from plansim.words.statements import verdict_word

#: The most lots that the Gantt of a report shows, and the most programmes.
LOTS, PROGRAMMES = 48, 3
#: Which future the Gantt shows.
DRAW, LUCK = 1, "a"


def all_pictures(d: Dossier, form: str, aside: Aside = here) -> Iterator[Picture]:
    """Every picture of a report, each complete in itself; fans are drawn ``aside``."""
    task = FanTask(titled=True, dpi=DPI, lang=d.lang, form=form)
    with studio() as style, aside(task, d.fans) as fans:
        for kind in d.kinds:
            yield from boards(style, d, kind, form)
        yield from rarities(style, d, form)
        for _, picture in waterfalls(style, d, form):
            yield picture
        yield from frontiers(style, d, form)
        yield from gantts(d, form)
        yield from fans()


def boards(style: Style, d: Dossier, kind: str, form: str) -> list[Picture]:
    """The target board of one kind."""
    bars = []
    for target in d.of_kind(kind):
        v = d.verdicts[target.id]
        p = v.probability or 0.0
        words = f"{percent(p)} {verdict_word(v.verdict.rpartition(':')[2], d.lang)}"
        low, high = v.prob_low or 0.0, v.prob_high or 0.0
        bars.append(Bar(d.dated(target), p, low, high, words, d.without(target)))
    title = say("board.title", d.lang, group=say(f"group.{kind}", d.lang))
    return board_pictures(style, f"board-{kind}", title, bars, d.lang, form) if bars else []


def needs(d: Dossier) -> list[Need]:
    """What targets ask for, as the reference class has it."""
    found = []
    for (indicator, subject), goals in d.goals.items():
        quantity = d.run.plan.indicators[indicator].reference
        for goal in goals:
            v = d.verdicts[goal.target.id]
            if quantity is None or v.reference_percentile is None or v.required_growth is None:
                continue
            asked = v.required_growth
            if not quantity.endswith("_growth"):
                change = required_change(goal, d.run.base_level(indicator, subject))
                asked = yearly(quantity, goal.year - goal.base, change)
            span = goal.year - goal.base
            found.append(Need(d.dated(goal.target), quantity, span, asked, v.reference_percentile))
    return found


def rarities(style: Style, d: Dossier, form: str) -> list[Picture]:
    """Required growth against the reference class."""
    title = say("rarity.title", d.lang)
    return rarity_pictures(style, "required-growth", title, needs(d), d.lang, form)


def waterfalls(style: Style, d: Dossier, form: str) -> Iterator[tuple[str, Picture]]:
    """Targets with the waterfall of what levers bring: outcomes that they move most first."""
    found = steps_of(d.beside, d.run.plan, d.lang)
    names = {t.id: t for t in d.run.plan.targets}
    for target in most_moved(found, d.run.plan):
        steps, start, label = found[target], None, target
        if target in names:
            label = d.called(names[target])
            p = d.verdicts[target].probability
            begin = None if p is None else p - sum(step.share for step in steps)
            start = begin if begin is not None and -1e-6 <= begin <= 1 + 1e-6 else None
        title = say("waterfall.title", d.lang, name=label)
        name, shown = file_name("waterfall", target), gathered(steps, d.lang)
        yield target, waterfall_picture(style, name, title, start, shown, d.lang, form)


def frontiers(style: Style, d: Dossier, form: str) -> list[Picture]:
    """Cost and probability of the settings that a search found."""
    found = []
    for i, rows in enumerate(d.beside.points()):
        cost = sum(row["cost"] for row in rows)
        first = rows[0]
        found.append(
            Point(
                str(i + 1),
                cost,
                first["probability"],
                first.get("prob_low"),
                first.get("prob_high"),
            )
        )
    if not found:
        return []
    title = say("frontier.title", d.lang)
    return [frontier_picture(style, "frontier", title, found, None, d.lang, form)]


def gantts(d: Dossier, form: str) -> list[Picture]:
    """One future of the programmes whose lots wait longest; none where nothing queues."""
    if not d.run.flows:
        return []
    future = trace(d.run.plan, d.run.settings.seed, DRAW, LUCK)
    keys = longest(d, {key: len(lots) for key, lots in future.lots.items()})
    raw = gantt(future, keys, d.lang, form, WIDTH)
    title = say("told.gantt", d.lang, draw=DRAW, luck=LUCK)
    return [Picture("gantt", title, form, raw, WIDTH)]


def longest(d: Dossier, lots: dict[str, int]) -> Sequence[str]:
    """Programmes by how long their lots wait, as many as there is room for."""
    waits = {f.programme: sum(wait.days for wait in f.waits) for f in d.run.flows}
    chosen: list[str] = []
    for key in sorted(waits, key=lambda k: -waits[k]):
        room = LOTS - sum(lots[k] for k in chosen)
        if not chosen or (len(chosen) < PROGRAMMES and 0 < lots[key] <= room):
            chosen.append(key)
    return chosen
