"""A hindcast as it is shown: the contract's columns, both languages, a picture that repeats."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from plansim.calibration import hindcast as look_back
from plansim.calibration.growth import QUANTITIES
from plansim.calibration.panel import Panel
from plansim.reports.answers import hindcast as told
from plansim.reports.pictures import pit
from plansim.tests.refusals import refused

CONTRACT = (
    "quantity", "horizon", "origins", "coverage50", "coverage80", "coverage95", "crps",
    "crps_skill_last", "crps_skill_drift",
)  # fmt: skip


def made(name="made.csv", series=6, years=24):
    random = np.random.default_rng(2)
    levels = {q: np.cumsum(0.1 * random.standard_normal((years, series)), 0) for q in QUANTITIES}
    names = tuple(f"series {place}" for place in range(series))
    return Panel(name, names, tuple(range(1990, 1990 + years)), levels)


@pytest.fixture(scope="module")
def result():
    panel = made()
    levels = {q: np.where(np.arange(6) == 0, np.nan, z) for q, z in panel.levels.items()}
    return look_back.run(Panel(panel.name, panel.series, panel.years, levels))


def test_records_have_the_columns_of_the_contract(result):
    assert told.COLUMNS == CONTRACT
    records = told.score_records(result)
    assert [tuple(record) for record in records] == [CONTRACT] * len(result.scores)
    for record, score in zip(records, result.scores, strict=True):
        assert record["coverage80"] == pytest.approx(score.coverage[0.8], abs=1e-6)
        assert record["crps_skill_drift"] == pytest.approx(score.skill["drift"], abs=1e-6)
        assert record["origins"] == score.origins


def test_a_skill_without_a_rival_is_left_empty():
    crps = {name: np.zeros(3) for name in ("law", "last", "drift")}
    ones = np.ones(3, dtype=int)
    cases = look_back.Cases("output", 1, ones, 2000 * ones, np.full(3, 0.5), crps)
    flat = look_back.Hindcast(made(), (cases,), (look_back.score(cases),), ())
    assert told.score_records(flat)[0]["crps_skill_last"] is None
    assert told.score_table(flat, "en").rows[0][-1] == ""


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("output", "CRPS", "too short")), ("zh", ("产值", "技巧", "太短"))]
)
def test_everything_is_said_in_the_language_asked_for(result, lang, words):
    table = told.score_table(result, lang)
    lines = [*told.heading(result, lang), *told.closing(lang), *told.remarks(result, lang)]
    text = " ".join([*(cell for row in table.rows for cell in row), *lines])
    assert all(word in text for word in words)
    assert "{" not in text
    assert "series 0" in text
    assert "made.csv" in text


def written(path, panel):
    """A panel as a file of output only."""
    rows = ["series,year,output"]
    for place, name in enumerate(panel.series):
        for year, level in zip(panel.years, panel.levels["output"][:, place], strict=True):
            rows.append(f"{name},{year},{np.exp(level):.6f}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_what_the_law_is_shown_and_who_forecasts_are_asked_for(tmp_path):
    """Fewer past changes, each alone, the engine: other forecasts of the same cases."""
    file = written(tmp_path / "made.csv", made(series=3))
    asked = {"seed": 1, "since": 2006, "history": 15}
    ways = ({}, {"changes": 1}, {"alone": True}, {"engine": True}, {"changes": 0, "engine": True})
    answers = [told.ask(file, "", "", None, "en", **asked, **way) for way in ways]
    scores = [answer.records[0]["crps"] for answer in answers]
    assert len(set(scores)) == len(ways)
    assert scores[3] == pytest.approx(scores[0], rel=0.05)
    assert {answer.records[0]["crps_skill_last"] is None for answer in answers} == {False}
    with refused("argument_range"):
        told.ask(file, "", "", None, "en", **asked, changes=16)


def test_many_names_are_counted():
    many = look_back.Hindcast(
        made(), (), (), tuple(f"s{n}" for n in range(40)), ("output 1990: x",)
    )
    skipped, unfinished = told.remarks(many, "en")
    assert "s11, … (+28)" in skipped
    assert "output 1990: x" in unfinished


def test_the_histogram_is_the_density_of_the_transform(result):
    for cases in result.cases:
        heights = pit._heights(cases)
        assert heights.mean() == pytest.approx(1.0)
        first = np.mean(cases.pit < 1.0 / pit.BINS) * pit.BINS
        assert heights[0] == pytest.approx(first)


@pytest.mark.parametrize(("lang", "form"), [("en", ".png"), ("zh", ".svg")])
def test_the_picture_repeats_to_the_byte(result, lang, form):
    drawing = pit.pit_picture(result, lang, form)
    assert drawing == pit.pit_picture(result, lang, form)
    if form == ".svg":
        assert drawing.startswith(b"<?xml")
        return
    image = imread(io.BytesIO(drawing))[:, :, :3]
    blue = np.array([0.0, 0.447, 0.698])
    assert (np.abs(image - blue).max(axis=2) < 0.02).mean() > 0.01


def test_a_letter_that_the_font_lacks_is_named(result):
    panel = result.panel
    strange = Panel("ሀ.csv", panel.series, panel.years, panel.levels)
    named = look_back.Hindcast(strange, result.cases, result.scores, ())
    with refused("glyph_missing"):
        pit.pit_picture(named, "en", ".png")
