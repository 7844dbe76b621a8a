"""A dossier → a report, from its first page to the sources."""

import re
from collections.abc import Callable, Iterator, Sequence

from plansim.analysis.workers import Aside, here
from plansim.reports.answers import show as overview
from plansim.reports.answers.run import flow_table, of_views
from plansim.reports.book import figures as drawn
from plansim.reports.book import rows
from plansim.reports.book.content import Drawn, Numbering, Report, Section, Tabled
from plansim.reports.book.dossier import Dossier, Key
from plansim.reports.book.story import six_sentences
from plansim.reports.pictures.canvas import Picture, Style, studio
from plansim.reports.pictures.fans import FanBoard, FanTask
from plansim.reports.tables import Table
from plansim.simulator.naming import name_of
from plansim.words.catalogue import say

#: Pixels an inch of pictures that are set in text, about 140 on paper.
DPI = 120
Blocks = tuple[str | Tabled | Drawn, ...]


def compose(d: Dossier, form: str, aside: Aside = here) -> Report:
    """The report; its pictures are files of the form png or svg, its fans drawn ``aside``."""
    said, plan = d.lang, d.run.plan.plan
    count = Numbering()
    fans = aside(FanTask(titled=False, dpi=DPI, lang=said, form=form), d.fans)
    with studio(titled=False, dpi=DPI) as style, fans as drawn_fans:
        sections = [
            Section(say("told.board", said), tuple(_glance(d, count, style, form))),
            Section(say("told.needs", said), tuple(_needs(d, count, style, form))),
            Section(say("told.delivery", said), tuple(_delivery(d, count, form))),
            Section(say("told.levers", said), tuple(_levers(d, count, style, form))),
            *_pages(d, count, style, form, drawn_fans),
            Section(say("told.assumptions", said), tuple(_assumptions(d, count))),
            Section(say("told.unjudged", said), tuple(_unjudged(d, count))),
            Section(say("told.sources", said), tuple(_sources(d, count))),
        ]
    return Report(
        title=say("told.title", said, plan=plan.name.in_language(said)),
        above=tuple(above(d)),
        summary=say("told.summary", said),
        sentences=tuple(unbroken(s) for s in six_sentences(d)),
        sections=tuple(s for s in sections if s.blocks or s.parts),
        run=d.run.id,
        lang=said,
    )


def above(d: Dossier) -> Iterator[str]:
    """What stands below the title: place, years, scenario; run, draws, seed; what was changed."""
    run, plan, lang = d.run, d.run.plan.plan, d.lang
    yield say(
        "told.subtitle", lang, region=plan.region.in_language(lang), first=plan.years[0],
        last=plan.years[1], scenario=run.plan.scenario_in(lang),
    )  # fmt: skip
    yield say(
        "told.basis", lang, run=run.id, draws=run.settings.draws, seed=run.settings.seed,
        version=run.versions.get("plansim", "?"),
    )  # fmt: skip
    join = "、" if lang == "zh" else ", "
    given = [name_of(run.plan, f"targets.{key}", lang) for key in run.settings.given]
    if given:
        yield say(
            "told.given", lang, given="; ".join(given), support=run.support,
            simulated=run.simulated,
        )  # fmt: skip
    if run.set:
        typed = (setting.partition("=") for setting in run.set)
        named = (f"{name_of(run.plan, path, lang)}={value}" for path, _, value in typed)
        yield say("told.set", lang, list=join.join(named))


def _from_run(d: Dossier) -> str:
    return say("told.from_run", d.lang, run=d.run.id)


def _with_idle(d: Dossier, note: str) -> str:
    """The note, and what "without programmes" means where it is shown."""
    if d.idle is None:
        return note
    join = "" if d.lang == "zh" or not note else " "
    return note + join + say("told.from_idle", d.lang, draws=d.idle.draws)


def _glance(
    d: Dossier, count: Numbering, style: Style, form: str
) -> Iterator[str | Tabled | Drawn]:
    """How many are met; the boards; the table of all judged targets."""
    note = _with_idle(d, _from_run(d))
    yield count.table(say("told.headline", d.lang), rows.headline_table(d), note)
    yield say("told.read_board", d.lang)
    for kind in d.kinds:
        for picture in drawn.boards(style, d, kind, form):
            yield count.figure(picture.title, picture, note)
    lines = say("told.from_run_lines", d.lang, documents=d.documents, run=d.run.id)
    targets = [t for kind in d.kinds for t in d.of_kind(kind)]
    if targets:
        table = rows.verdict_rows(d, targets)
        yield count.table(say("told.targets", d.lang), table, _with_idle(d, lines))
        yield say("told.interval", d.lang)
        yield from of_views(d.run, d.lang)


def _needs(d: Dossier, count: Numbering, style: Style, form: str) -> Iterator[str | Tabled | Drawn]:
    """Required growth against the reference class."""
    table = rows.needs_table(d)
    if not table.rows:
        return
    note = say("told.from_class", d.lang, documents=d.documents, run=d.run.id)
    yield say("told.read_needs", d.lang, read=say("precedent.read", d.lang))
    for picture in drawn.rarities(style, d, form):
        yield count.figure(picture.title, picture, note)
    yield count.table(say("told.needed", d.lang), table, note)


def _delivery(d: Dossier, count: Numbering, form: str) -> Iterator[str | Tabled | Drawn]:
    """What became of the queues, and one future of those in which lots wait longest."""
    if not d.run.flows:
        return
    yield say("told.read_delivery", d.lang)
    year = d.run.plan.plan.years[1]
    table = untitled(flow_table(d.run, d.lang))
    yield count.table(say("told.flows", d.lang, year=year), table, _from_run(d))
    for picture in drawn.gantts(d, form):
        yield count.figure(picture.title, picture, _from_run(d))


def _levers(
    d: Dossier, count: Numbering, style: Style, form: str
) -> Iterator[str | Tabled | Drawn]:
    """What lies beside the run: attribution, scenarios, a search for levers."""

    def note(file: str) -> str:
        return say("told.from_file", d.lang, file=file, run=d.run.id)

    if d.beside.attribute:
        for _, picture in drawn.waterfalls(style, d, form):
            yield count.figure(picture.title, picture, note("attribute.csv"))
        table = rows.attribute_table(d)
        if table.rows:
            yield count.table(say("told.attribute", d.lang), table, note("attribute.csv"))
        yield from filter(None, [rows.attribute_text(d)])
    if d.beside.compare:
        table = rows.compare_table(d)
        if table.rows:
            yield count.table(say("told.compare", d.lang), table, note("compare.csv"))
        yield from filter(None, [rows.compare_text(d)])
    if d.beside.seek:
        for picture in drawn.frontiers(style, d, form):
            yield count.figure(picture.title, picture, note("seek.csv"))
        yield count.table(say("told.seek", d.lang), rows.seek_table(d), note("seek.csv"))


def _pages(
    d: Dossier, count: Numbering, style: Style, form: str, fans: Callable[[], list[Picture]]
) -> Iterator[Section]:
    """A page for every indicator and subject with judged targets, then the other indicators."""
    board = FanBoard(style, d.lang, keyed=False)
    judged = [key for key in d.run.fans if key in d.goals]
    others = [key for key in d.run.fans if key not in d.goals]
    pictures = dict(zip(d.run.fans, fans(), strict=True))
    for title, keys in (("told.pages", judged), ("told.others", others)):
        if keys:
            key = board.legend([d.fan(k) for k in keys], form)
            parts = tuple(Section(d.label(k), _page(d, count, pictures[k], k)) for k in keys)
            yield Section(say(title, d.lang), (Drawn(0, "", key, _with_idle(d, "")),), parts)


def _page(d: Dossier, count: Numbering, picture: Picture, key: Key) -> Blocks:
    note = _from_run(d)
    join = "" if d.lang == "zh" else " "
    if d.seen and key in d.history:
        note += join + say("told.from_history", d.lang, documents=d.seen)
    found: list[str | Tabled | Drawn] = [count.figure(picture.title, picture, note)]
    if key in d.goals:
        caption = say("told.one_target", d.lang, name=d.label(key))
        found.append(count.table(caption, rows.page_table(d, key), _from_run(d)))
        found += rows.page_text(d, key)
    return tuple(found)


def _assumptions(d: Dossier, count: Numbering) -> Iterator[Tabled]:
    plan = d.run.plan
    note = say("told.from_plan", d.lang, plan=plan.plan.id, hash=d.run.plan_hash[:10])
    named: Sequence[tuple[str, Table]] = (
        (say("told.switches", d.lang), overview.assumption_table(plan, d.lang)),
        (
            say("told.clusters", d.lang, year=plan.plan.base_year),
            overview.cluster_table(plan, d.lang),
        ),
        (say("show.totals", d.lang), overview.total_table(plan, d.lang)),
        (say("show.quantities", d.lang), overview.quantity_table(plan, d.lang)),
        (say("told.programmes", d.lang), overview.programme_table(plan, d.lang)),
        (say("show.shared", d.lang), overview.quota_table(plan, d.lang)),
    )
    for caption, table in named:
        if table.rows:
            yield count.table(caption, untitled(table), note)


def _unjudged(d: Dossier, count: Numbering) -> Iterator[Tabled]:
    table = rows.unjudged_table(d)
    if table.rows:
        lines = say("told.from_run_lines", d.lang, documents=d.documents, run=d.run.id)
        yield count.table(say("told.unjudged_table", d.lang), table, lines)


def _sources(d: Dossier, count: Numbering) -> Iterator[str | Tabled]:
    note = say("told.from_plan", d.lang, plan=d.run.plan.plan.id, hash=d.run.plan_hash[:10])
    yield count.table(say("told.source_table", d.lang), rows.source_table(d), note)
    yield count.table(say("told.made_with", d.lang), rows.version_table(d), _from_run(d))


def unbroken(text: str) -> str:
    """A text in which no line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=[%亿万])", "\u00a0", text)


def untitled(table: Table) -> Table:
    """A table whose caption says what its title would."""
    return Table(table.columns, table.rows, table.right, table.optional)
