"""Pictures of a report: where marks stand, what fits, bytes that repeat, letters that are there."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from plansim.calibration.reference import percentile
from plansim.reports.pictures.board import Bar, board_pictures, in_parts, rows_of, shade
from plansim.reports.pictures.canvas import EDGE, SMALL, WIDTH, Page, studio
from plansim.reports.pictures.fans import Fan, FanBoard, Mark, goal_level, labelled, rungs, tick
from plansim.reports.pictures.frontier import CLOSE, Point, beside, efficient, frontier_picture
from plansim.reports.pictures.percentiles import Standing, percentile_picture
from plansim.reports.pictures.rarity import LEVELS, Need, band, rarity_pictures, yearly
from plansim.reports.pictures.waterfall import Step, waterfall_picture
from plansim.scenarios.load import load
from plansim.simulator.feasibility import Goal, required_growth
from plansim.tests.refusals import refused

SIZES = st.floats(1e-3, 1e6)


def a_fan(**changes):
    years = range(2015, 2026)
    middle = np.linspace(40, 120, len(years))
    quantiles = np.array([0.5, 0.8, 1.0, 1.3, 2.0])[:, None] * middle
    marks = (Mark(2020, 200.0, 190.0, 1, "200 (3%)"), Mark(2025, 90.0, 90.0, -1, "90 (40%)"))
    fan = Fan("fan", "产值［亿元］", years, quantiles, 0.9 * middle, marks, ((2014.0, 38.0),))
    return replace(fan, **changes)


# -- fans ------------------------------------------------------------------------------------------


def test_the_level_of_a_goal_is_where_the_target_is_just_met():
    """The level, read as the target words it, equals its threshold; in every basis."""
    plan = load("yuyao-2016")
    seen = set()
    for target in plan.judged:
        goal = Goal.of(target, plan)
        base = 0.5 * abs(goal.threshold) + 0.1
        level = goal_level(goal, base)
        if target.basis == "per_year":
            assert level is None
            continue
        path = np.geomspace(base, level, goal.year - goal.base + 1)
        path = np.concatenate([np.full(goal.base, base), path])[:, None]
        until = goal.among(goal.years[: goal.year + 1])
        assert until.read(path)[goal.year, 0] == pytest.approx(goal.threshold)
        needed = required_growth(goal, base)
        met = goal_level(goal, base, goal.tolerance)
        if needed is not None:
            assert met == pytest.approx(base * (1 + needed) ** (goal.year - goal.base))
        seen.add(target.basis)
    assert {"level", "change_vs_base", "annual_growth", "share"} <= seen


@given(SIZES, SIZES)
def test_ticks_are_few_round_and_inside(low, width):
    heights = rungs(low, low + width)
    assert 2 <= len(heights) <= 7
    assert low - 1e-9 * (low + width) <= min(heights)
    assert max(heights) <= low + width + 1e-9 * (low + width)
    gaps = np.diff(heights)
    assert np.allclose(gaps, gaps[0])


@given(st.integers(1990, 2030), st.integers(2, 60), st.sets(st.integers(0, 60), max_size=4))
def test_years_at_the_axis_leave_room_and_name_the_goals(first, span, ahead):
    wanted = {first + n for n in ahead if n <= span}
    years = labelled(first, first + span, wanted)
    assert wanted <= set(years)
    assert {first, first + span} <= set(years)
    others = [y for y in years if y not in wanted | {first, first + span}]
    assert all(abs(y - z) >= 2 for y in others for z in years if z != y)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(17.5, 1, "17.5"), (20.0, 1, "20"), (-0.25, 2, "−0.25"), (0.0, 2, "0"), (1500.0, 0, "1500")],
)
def test_ticks_are_written_without_idle_zeros(value, places, text):
    assert tick(places, value) == text


@pytest.mark.parametrize(("lang", "form"), [("en", "png"), ("zh", "svg")])
def test_a_fan_repeats_to_the_byte_even_after_another(lang, form):
    with studio() as style:
        first = FanBoard(style, lang).picture(a_fan(), form)
        board = FanBoard(style, lang)
        board.picture(a_fan(marks=a_fan().marks[:1]), form)
        again = FanBoard(style, lang).picture(a_fan(), form)
    assert first == again
    assert first.raw.startswith(b"\x89PNG" if form == "png" else b"<?xml")


def test_bands_and_marks_are_where_they_belong():
    with studio() as style:
        image = imread(io.BytesIO(FanBoard(style, "en").picture(a_fan(), "png").raw))[:, :, :3]
    for colour in ("#D3E5F3", "#7FB5DC", "#0072B2", "#D55E00"):
        wanted = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        assert (np.abs(image - wanted).max(axis=2) < 0.02).mean() > 1e-4, colour


def test_labels_of_marks_lie_inside_the_picture_and_apart():
    marks = tuple(Mark(2022 + n, 100.0, 100.0, 1, f"100.{n} (33%)") for n in range(4))
    with studio() as style:
        board = FanBoard(style, "en")
        board.picture(a_fan(marks=marks), "png")
        ((page, axes, _),) = board._pages.values()
        labels = [text for text in axes.texts if "%" in text.get_text()]
        boxes = [text.get_window_extent(page.renderer) for text in labels]
        inside = axes.get_window_extent(page.renderer)
    assert len(boxes) == len(marks)
    for n, box in enumerate(boxes):
        assert box.x1 <= inside.x1 + 1
        assert inside.y0 <= box.y0 <= box.y1 <= inside.y1
        assert not any(box.overlaps(other) for other in boxes[:n])


def test_a_letter_that_the_font_lacks_is_named():
    with refused("glyph_missing"), studio() as style:
        FanBoard(style, "en").picture(a_fan(title="ሀ"), "png")


# -- rows ------------------------------------------------------------------------------------------


def test_names_are_folded_to_their_column_and_rows_do_not_touch():
    names = ["产值" * 30, "short", "a name of many words " * 6]
    with studio() as style:
        page = Page(style)
        rows, high = rows_of(page, names, 2.0)
        for row, name in zip(rows, names, strict=True):
            assert "".join(row.lines).replace(" ", "") == name.replace(" ", "")
            assert all(page.wide(line, 8.0) <= 2.0 for line in row.lines)
        parts = list(in_parts(page, names * 20, 2.0, 5.0))
    assert rows[0].middle < rows[1].middle < rows[2].middle < high
    assert [n for part in parts for n in part] == list(range(60))


def test_a_board_has_as_many_parts_as_it_needs():
    bars = [Bar(f"target {n}", n / 60, n / 80, n / 50, "words", 0.1) for n in range(60)]
    with studio() as style:
        pictures = board_pictures(style, "board", "Board", bars, "en", "svg")
    assert [picture.name for picture in pictures] == ["board-1", "board-2"]
    assert "(2 of 2)" in pictures[1].title


def test_shades_tell_likely_from_not_likely_without_colour():
    def grey(colour):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    likely, between, unlikely = (shade(p) for p in (0.7, 0.5, 0.2))
    assert grey(likely[0]) + 40 < grey(between[0])
    assert grey(between[0]) + 40 < grey(unlikely[0])
    assert (likely[1], between[1]) == ("", "")
    assert unlikely[1]


def test_the_key_of_a_picture_stays_inside():
    items = [("line", "#000000", "words " * 3)] * 9
    with studio() as style:
        page = Page(style)
        for left, _, (_, _, words) in page.placed(items, 0.0):
            assert left + 0.34 + page.wide(words, SMALL) <= WIDTH - EDGE


# -- the reference class ---------------------------------------------------------------------------


def test_bands_of_the_class_are_its_quantiles():
    need = Need("x", "nominal_output_growth", 5, 0.1, 90.0)
    for level, value in zip(LEVELS, band("us_industries", need), strict=True):
        share = percentile("nominal_output_growth", 5, value).share_below
        assert share == pytest.approx(level, abs=1e-6)
    assert band("chinese_sectors", Need("x", "energy_intensity_change", 5, 0.0, 50.0)) is None


def test_changes_over_a_window_are_told_by_the_year():
    assert yearly("output_growth", 5, 0.07) == 0.07
    assert yearly("va_rate_change", 5, 0.02) == pytest.approx(0.004)
    assert (1 + yearly("energy_intensity_change", 5, -0.2)) ** 5 == pytest.approx(0.8)


def test_rates_in_points_have_a_picture_of_their_own():
    needs = [Need("a", "output_growth", 5, 0.1, 90.0), Need("b", "va_rate_change", 5, 0.004, 70.0)]
    with studio(titled=False) as style:
        pictures = rarity_pictures(style, "need", "Need", needs, "zh", "png")
    assert [picture.name for picture in pictures] == ["need-growth", "need-points"]


# -- what came -------------------------------------------------------------------------------------


def test_what_lies_beyond_the_interval_is_another_mark():
    blue, orange = (np.array(c) / 255 for c in ((0, 114, 178), (213, 94, 0)))

    def share(colour, within):
        with studio() as style:
            drawn = percentile_picture(
                style, "p", "P", [Standing("a", 98.6, 96.0, 99.5, within)] * 3, "zh", "png"
            )
        image = imread(io.BytesIO(drawn.raw))[:, :, :3]
        return (np.abs(image - colour).max(axis=2) < 0.02).sum()

    assert share(orange, False) > share(orange, True)
    assert share(blue, True) > share(blue, False)


# -- waterfall and frontier ------------------------------------------------------------------------


@pytest.mark.parametrize("start", [None, 0.2])
def test_a_waterfall_is_drawn_with_and_without_a_start(start):
    steps = [Step("land", 0.1, 0.08, 0.12), Step("delay", -0.05, -0.06, -0.04)]
    with studio() as style:
        one = waterfall_picture(style, "w", "W", start, steps, "zh", "png")
        other = waterfall_picture(style, "w", "W", start, steps, "zh", "png")
    assert one == other
    image = imread(io.BytesIO(one.raw))[:, :, :3]
    assert (np.abs(image - np.array([0.4980, 0.7098, 0.8627])).max(axis=2) < 0.02).mean() > 1e-3


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=30))
def test_nothing_beats_a_point_of_the_frontier(pairs):
    points = [Point(str(n), cost, p) for n, (cost, p) in enumerate(pairs)]
    line = efficient(points)
    assert line == sorted(line, key=lambda p: p.cost)
    for point in line:
        better = [
            p for p in points
            if p.cost <= point.cost and p.probability >= point.probability
            and (p.cost < point.cost or p.probability > point.probability)
        ]  # fmt: skip
        assert better == []
    best = max(p.probability for p in points)
    assert line[-1].probability == best


def test_numbers_beside_dots_are_apart():
    dots = [(1.0, 1.0), (1.05, 0.9), (3.0, 2.0)]
    places = [(x + a, y + b) for (x, y), (a, b) in zip(dots, beside(dots), strict=True)]
    for n, place in enumerate(places):
        for other in [*places[:n], *(d for d in dots if d != dots[n])]:
            assert np.hypot(place[0] - other[0], place[1] - other[1]) >= CLOSE


def test_a_frontier_of_one_point_is_drawn():
    with studio() as style:
        raw = frontier_picture(style, "f", "F", [Point("1", 3.0, 0.5)], 0.8, "en", "svg").raw
    assert b"<svg" in raw
