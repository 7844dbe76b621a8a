"""Hindcasts: scores against known truths, no look ahead, panels read or refused whole."""

import csv
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, stdtr

from plansim.benchmarks import hindcast as benchmark
from plansim.calibration import hindcast as look_back
from plansim.calibration.growth import HORIZONS, QUANTITIES, class_law
from plansim.calibration.hindcast import (
    Cases,
    TrainedLaws,
    View,
    crps_normal,
    crps_student,
    halves,
    naive,
)
from plansim.calibration.panel import Panel, read_panel
from plansim.simulator.errors import InputError
from plansim.tests.refusals import refused

GROUPS = Path(str(files("plansim.calibration") / "data" / "us_groups.csv"))


@pytest.fixture(scope="module")
def groups():
    return read_panel(GROUPS)


@pytest.fixture(scope="module")
def result(groups):
    return look_back.run(groups, first=1975)


def panel_of(levels, first=1960, quantity="output"):
    names = tuple(f"s{place:02d}" for place in range(levels.shape[1]))
    return Panel("made", names, tuple(range(first, first + len(levels))), {quantity: levels})


def walks(seed, years=40, series=12, drift=0.0):
    random = np.random.default_rng(seed)
    return np.cumsum(drift + 0.1 * random.standard_normal((years, series)), axis=0)


# -- scores ----------------------------------------------------------------------------------------


def integrated(distribution, outcome, reach):
    """CRPS as it is defined: ∫ (F(x) − 1{x ≥ outcome})² dx."""
    below = quad(lambda x: distribution(x) ** 2, -reach, outcome, limit=200)[0]
    return below + quad(lambda x: (1.0 - distribution(x)) ** 2, outcome, reach, limit=200)[0]


@settings(max_examples=30)
@given(st.floats(-4.0, 4.0), st.floats(-2.0, 2.0), st.floats(0.2, 3.0))
def test_crps_of_a_normal_is_its_integral(outcome, mean, sd):
    score = crps_normal(np.array([outcome]), np.array([mean]), np.array([sd]))[0]
    assert score == pytest.approx(integrated(lambda x: ndtr((x - mean) / sd), outcome, 40.0))


@settings(max_examples=30)
@given(st.floats(-4.0, 4.0), st.floats(-2.0, 2.0), st.floats(0.2, 3.0), st.floats(2.5, 30.0))
def test_crps_of_a_student_is_its_integral(outcome, median, scale, df):
    score = crps_student(np.array([outcome]), np.array([median]), np.array([scale]), df)[0]
    expected = integrated(lambda x: stdtr(df, (x - median) / scale), outcome, 400.0)
    assert score == pytest.approx(expected, rel=1e-3)


def test_crps_of_a_point_is_the_absolute_error():
    score = crps_normal(np.array([3.0, -1.0]), np.zeros(2), np.zeros(2))
    assert score == pytest.approx([3.0, 1.0])


def test_the_truth_scores_best():
    random = np.random.default_rng(1)
    outcome = 1.5 * random.standard_t(5.0, 40_000)
    scores = {
        (median, scale, df): crps_student(outcome, median, np.full(1, scale), df).mean()
        for median in (-0.3, 0.0, 0.3) for scale in (1.2, 1.5, 1.9) for df in (3.0, 5.0, 30.0)
    }  # fmt: skip
    assert min(scores, key=scores.__getitem__) == (0.0, 1.5, 5.0)


def test_naive_forecasts_are_those_of_the_definition():
    past = np.array([[0.1], [0.3], [-0.1], [0.1]])
    found = naive(past, 4)
    assert found["last"][0] == pytest.approx(0.0)
    assert found["last"][1] == pytest.approx(2.0 * np.sqrt(0.03))
    assert found["drift"][0] == pytest.approx(0.4)
    assert found["drift"][1] == pytest.approx(2.0 * np.sqrt(0.08 / 3.0))


def cases_of(pit, law, last, drift, series=None):
    place = np.arange(len(pit)) if series is None else np.array(series)
    crps = {"law": np.array(law), "last": np.array(last), "drift": np.array(drift)}
    return Cases("output", 5, place, np.full(len(pit), 1990), np.array(pit), crps)


def test_coverage_and_skill_are_counted():
    pit = np.linspace(0.005, 0.995, 100)
    score = look_back.score(cases_of(pit, np.ones(100), np.full(100, 2.0), np.full(100, 0.8)))
    assert score.coverage == {0.5: 0.50, 0.8: 0.80, 0.95: pytest.approx(0.95, abs=0.011)}
    assert score.skill == {"last": pytest.approx(0.5), "drift": pytest.approx(-0.25)}
    assert (score.origins, score.forecasts, score.crps) == (1, 100, 1.0)


def test_the_interval_of_a_skill_comes_from_series():
    """A hundred cases of two series say no more than two."""
    law = np.tile([0.5, 1.5], 50)
    one = look_back.score(cases_of(np.full(100, 0.5), law, np.full(100, 2.0), law))
    low, high = one.intervals["last"]
    assert 0.40 < low < one.skill["last"] < high < 0.60
    two = look_back.score(
        cases_of(np.full(100, 0.5), law, np.full(100, 2.0), law, np.tile([0, 1], 50))
    )
    assert two.intervals["last"] == (pytest.approx(0.25), pytest.approx(0.75))


# -- rolling origins -------------------------------------------------------------------------------


def test_every_quantity_and_horizon_of_the_groups_is_scored(result):
    rows = [(score.quantity, score.horizon) for score in result.scores]
    assert rows == [(quantity, horizon) for quantity in QUANTITIES for horizon in HORIZONS]
    for score in result.scores:
        assert score.origins == 2010 - 1975 + 2 - score.horizon
        assert score.forecasts == 20 * score.origins
    assert result.skipped == ()


@pytest.mark.parametrize(("changes", "alone"), [(0, False), (1, False), (2, False), (2, True)])
def test_what_a_plan_knows_is_enough_for_intervals(groups, changes, alone):
    """None is refused. Sums over industries are calmer than the class: intervals hold too much
    where nothing is known of them, and about what they say from one change on.
    """
    some = groups.of(groups.series[::3])
    scores = look_back.hindcast(some, first=1985, view=View(changes, alone)).scores
    for score in scores:
        assert 0.60 < score.coverage[0.8] < (0.97 if changes == 0 else 0.93), score
    assert {(score.quantity, score.horizon) for score in scores} == {
        (quantity, horizon) for quantity in QUANTITIES for horizon in HORIZONS
    }


def test_what_is_not_shown_is_not_used(groups):
    """A law that is shown two changes says the same whatever came before them."""
    levels, sizes = groups.levels["output"][:30], groups.sizes()[29]
    law = class_law("output", 1987)
    other = levels.copy()
    other[:27] += np.random.default_rng(5).standard_normal((27, 1))
    one, same = (View(2).forecast(each, sizes, law) for each in (levels, other))
    assert (one.median == same.median).all()
    assert (one.scale == same.scale).all()
    assert (View(3).forecast(other, sizes, law).median != one.median).any()


def test_the_groups_are_where_they_were_forecast_to_be(result):
    """20 groups of the class's own industries, out of time: wide bands, as groups move together."""
    for score in result.scores:
        assert 0.38 < score.coverage[0.5] < 0.60, score
        assert 0.68 < score.coverage[0.8] < 0.88, score
        assert 0.88 < score.coverage[0.95] < 0.98, score
        assert score.skill["last"] > -0.03, score
    five = {score.quantity: score.skill for score in result.scores if score.horizon == 5}
    assert five["output"]["last"] > 0.10
    assert five["output"]["drift"] > 0.05
    assert five["va_rate"]["drift"] > 0.08
    assert five["energy_intensity"]["drift"] > 0.08


def test_scores_are_those_of_their_cases(result):
    for score, cases in zip(result.scores, result.cases, strict=True):
        assert score == look_back.score(cases)
        assert ((cases.pit >= 0.0) & (cases.pit <= 1.0)).all()


def test_a_part_of_the_years_is_a_part_of_the_cases(result):
    early, late = result.between(0, 1990), result.between(1991, 9999)
    for whole, one, other in zip(result.cases, early.cases, late.cases, strict=True):
        assert one.origin.max() <= 1990 < other.origin.min()
        assert len(one.pit) + len(other.pit) == len(whole.pit)
        sums = one.crps["law"].sum() + other.crps["law"].sum()
        assert sums == pytest.approx(whole.crps["law"].sum())


@pytest.mark.parametrize("train", ["", "0.5"])
def test_the_future_is_not_known(groups, train):
    """What happens after a year changes nothing that was said in it or scored by it."""
    years = groups.years[: groups.years.index(2001)]
    levels = groups.levels["va_rate"][: len(years)]
    small = replace(groups, years=years, levels={"va_rate": levels})
    later = np.array(years)[:, None] >= 1995
    changed = replace(small, levels={"va_rate": levels + 3.0 * later})
    one, other = (look_back.run(panel, train, first=1983) for panel in (small, changed))
    for before, after in zip(one.cases, other.cases, strict=True):
        known = before.origin + before.horizon < 1995
        assert known.any()
        assert (before.pit[known] == after.pit[known]).all()
        assert not np.isclose(before.pit[~known], after.pit[~known]).all()


def test_random_walks_are_not_forecast_and_intervals_hold():
    """Nothing to know but that there is nothing to know: little worse than the last value."""
    common = 0.04 * np.random.default_rng(3).standard_normal((60, 1)).cumsum(axis=0)
    result = look_back.run(panel_of(common + walks(3, years=60, series=30)))
    for score in (score for score in result.scores if score.horizon <= 5):
        assert score.skill["last"] > -0.04
        assert score.skill["drift"] > 0.0
        assert score.coverage[0.8] == pytest.approx(0.80, abs=0.06)


@pytest.mark.parametrize(("series", "size"), [(1, 0.3), (3, 3.0), (10, 0.1), (10, 50.0)])
def test_intervals_fit_panels_that_are_not_like_the_class(series, size):
    """Ten times as calm, or five hundred times as wild: the panel's own past is believed."""
    levels = [walks(seed, years=30, series=series) * 10.0 * size for seed in range(4)]
    results = [look_back.run(panel_of(level)) for level in levels]
    for place in range(3):
        found = np.mean([result.scores[place].coverage[0.8] for result in results])
        assert found == pytest.approx(0.80, abs=0.12)
        assert np.mean([result.scores[place].skill["last"] for result in results]) > -0.12


def test_one_wild_series_does_not_drown_the_others():
    levels = walks(9, years=40, series=8)
    wild = levels.copy()
    wild[:, 0] *= 30.0
    calm, mixed = look_back.run(panel_of(levels)), look_back.run(panel_of(wild))
    for one, other in zip(calm.cases, mixed.cases, strict=True):
        rest = one.series > 0
        assert other.crps["law"][rest].mean() < 1.15 * one.crps["law"][rest].mean()


def test_series_that_never_move_leave_the_skill_open():
    result = look_back.run(panel_of(np.zeros((30, 3))))
    for score in result.scores:
        assert np.isnan(score.skill["last"])
        assert 0.0 < score.crps < 0.05
        assert score.coverage[0.5] == 1.0


def test_short_series_are_named_and_the_others_scored():
    levels = walks(4, years=30, series=10)
    levels[:20, 3] = np.nan
    levels[18:, 5] = np.nan
    result = look_back.run(panel_of(levels))
    assert result.skipped == ("s03",)
    assert {int(place) for cases in result.cases for place in cases.series} == set(range(10)) - {3}
    short = look_back.run(panel_of(levels), history=8)
    assert short.skipped == ()


def test_one_series_is_scored_too():
    result = look_back.run(panel_of(walks(5, series=1)))
    assert [score.forecasts for score in result.scores] == [24, 22, 20, 15]
    assert all(np.isnan(score.intervals["last"]).all() for score in result.scores)


def test_years_after_the_class_use_all_of_it():
    levels = walks(6, years=25)
    late = look_back.run(panel_of(levels, first=2100))
    last = look_back.hindcast(panel_of(levels, first=2100), lambda q, year: class_law(q, 2011))
    assert late.scores == last.scores


@pytest.mark.parametrize("change", [{"first": 2090}, {"history": 39}])
def test_nothing_to_score_is_said(change):
    with refused("hindcast_nothing"):
        look_back.run(panel_of(walks(7)), **change)


def test_years_before_the_class_are_not_forecast():
    with refused("hindcast_nothing"):
        look_back.run(panel_of(walks(7), first=1900))


def test_a_history_of_nothing_is_refused():
    with refused("argument_range"):
        look_back.run(panel_of(walks(7)), history=4)


# -- who teaches -----------------------------------------------------------------------------------


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_halves_share_the_series_between_them(share, seed):
    panel = panel_of(walks(8, years=3, series=30))
    one, other = halves(panel, share, seed)
    assert sorted(one.series + other.series) == list(panel.series)
    assert len(one.series) == round(share * 30)
    place = panel.series.index(other.series[0])
    assert (other.levels["output"][:, 0] == panel.levels["output"][:, place]).all()


def test_another_seed_makes_other_halves(groups):
    parts = {halves(groups, 0.5, seed)[0].series for seed in range(5)}
    assert len(parts) == 5


def test_those_who_teach_are_not_scored(groups, tmp_path):
    names = groups.series[:10]
    scored, laws = look_back.divided(groups, ",".join(names), "", 1)
    assert isinstance(laws, TrainedLaws)
    assert laws.panel.series == names
    assert scored.series == groups.series[10:]
    only, _ = look_back.divided(groups, ",".join(names), groups.series[15], 1)
    assert only.series == (groups.series[15],)
    other, laws = look_back.divided(groups, str(GROUPS), "", 1)
    assert isinstance(laws, TrainedLaws)
    assert (laws.panel.series, other.series) == (groups.series, groups.series)
    plain, laws = look_back.divided(groups, "", ",".join(names[:2]), 1)
    assert plain.series == names[:2]
    assert laws is class_law


@pytest.mark.parametrize(
    ("train", "test", "code"),
    [
        ("1.5", "", "argument_range"),
        ("0", "", "argument_range"),
        ("0.1", "", "train_too_small"),
        ("20 Fod", "", "unknown_series"),
        ("0.5", "20 Fod", "unknown_series"),
        ("20 Food,22 Textile mill products", "20 Food", "train_and_test"),
        ("./nowhere.csv", "", "file_missing"),
    ],
)
def test_teachers_that_cannot_be_are_refused(groups, train, test, code):
    with refused(code):
        look_back.run(groups, train, test)


def test_a_class_without_the_quantity_cannot_teach(groups, tmp_path):
    path = tmp_path / "output.csv"
    with GROUPS.open(encoding="utf-8") as stream:
        path.write_text("".join(",".join(line.split(",")[:3]) + "\n" for line in stream))
    with refused("train_lacks"):
        look_back.run(groups, str(path))


def test_each_window_is_fitted_once_and_ends_by_itself(groups):
    laws = TrainedLaws(groups)
    assert laws("output", 1960) is None
    one = laws("output", 1980)
    assert one is laws("output", 1980)
    assert one is not None
    assert (one.window_end, one.industries) == (1980, 20)
    assert laws("output", 2500) is laws("output", 2011)
    assert laws("waste", 1980) is None
    assert laws.notes() == ()


# -- panels ----------------------------------------------------------------------------------------


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "panel.csv"
    path.write_bytes(text.encode(encoding))
    return path


def faults_of(path):
    with pytest.raises(InputError) as problem:
        read_panel(path)
    return [(fault.code, fault.line) for fault in problem.value.faults]


def test_a_panel_is_read_in_its_links(tmp_path):
    text = "year,series,energy_intensity,note,va_rate\n2001,余姚,0.5,x,0.2\n2000,余姚,1,,0.25\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        panel = read_panel(written(tmp_path, text, encoding))
        assert (panel.series, panel.years) == (("余姚",), (2000, 2001))
        assert set(panel.levels) == {"va_rate", "energy_intensity"}
        assert panel.levels["va_rate"][:, 0] == pytest.approx([np.log(1 / 3), np.log(1 / 4)])
        assert panel.levels["energy_intensity"][:, 0] == pytest.approx([0.0, np.log(0.5)])
        assert np.isnan(panel.sizes()).all()


def test_what_is_not_known_yet_may_be_empty(tmp_path):
    rows = ["series,year,output,va_rate", "a,2000,1,", "a,2001,2,0.3", "b,2001,5,0.4"]
    panel = read_panel(written(tmp_path, "\n".join(rows)))
    assert np.isnan(panel.levels["va_rate"]).tolist() == [[True, True], [False, False]]
    assert np.isnan(panel.levels["output"]).tolist() == [[False, True], [False, False]]


def test_every_fault_of_a_panel_is_named_with_its_line(tmp_path):
    rows = [
        "series,year,output,va_rate,energy_intensity",
        "a,2000,1,0.2,1",
        "a,2001,x,1.2,0",  # text, a rate above one, a zero in a log
        "a,2001,1,0.2,1",  # twice
        ",2002,1,0.2,1",  # nobody
        "b,20o0,1,0.2,1",  # no year
        "c,2000,1,0.2,1",
        "c,2003,nan,0.2,-1",  # a gap of years, not finite, negative
        "d,2000,1,0.2",  # a cell short
        "e,2000,1,0.2,1",
        "e,2001,,0.2,１",  # unknown in between, full width
        "e,2002,1,0.2,1",
        "f,2000.5,1,0.2,1",
    ]
    found = faults_of(written(tmp_path, "\n".join(rows)))
    assert sorted(found) == sorted(
        [
            ("not_a_number", 3), ("panel_rate", 3), ("must_be_positive", 3),
            ("panel_twice", 4), ("empty_cell", 5), ("not_a_number", 6),
            ("not_finite", 8), ("must_be_positive", 8), ("panel_gap", 8), ("cell_count", 9),
            ("panel_gap", 12), ("full_width_digits", 11), ("panel_year", 13),
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("year,output\n2000,1\n", [("missing_column", 1)]),
        ("series,year,price\na,2000,1\n", [("panel_no_quantity", 1)]),
        ("series,year,output,va_rat\na,2000,1,1\n", [("unknown_column", 1)]),
        ("series,year,output,output\na,2000,1,1\n", [("duplicate_key", 1)]),
        ("series,year,output\n", [("panel_empty", 0)]),
        ("", [("missing_column", 1), ("missing_column", 1), ("panel_no_quantity", 1)]),
        ('series,year,output\na,2000,"1\n', [("broken_csv", 2)]),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path, text, faults):
    assert faults_of(written(tmp_path, text)) == faults


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "panel.csv"
    assert faults_of(path) == [("file_missing", 0)]
    path.write_bytes(b"series\xff\xfe\x00")
    assert faults_of(path) == [("wrong_encoding", 0)]
    assert faults_of(tmp_path) == [("file_unreadable", 0)]


# -- the panel that is shipped, and the benchmark --------------------------------------------------


def test_the_shipped_groups_are_whole(groups):
    assert (len(groups.series), groups.years[0], groups.years[-1]) == (20, 1958, 2011)
    assert set(groups.levels) == set(QUANTITIES)
    assert all(np.isfinite(levels).all() for levels in groups.levels.values())


def test_the_benchmark_holds_the_figures_to_what_is_required(capsys, tmp_path):
    path = tmp_path / "output.csv"
    with GROUPS.open(encoding="utf-8", newline="") as stream, path.open("w") as out:
        writer = csv.writer(out)
        writer.writerows(row[:3] for row in csv.reader(stream))
    benchmark.main([str(path), "--splits", "2", "--since", "1995", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert len(told["cells"]) == 3 * len(HORIZONS)
    for cell in told["cells"]:
        low, high = cell["required"]
        assert cell["passes"] == (low <= cell["mean"] <= high and cell["mean"] > 0.0)
        assert cell["lowest"] <= cell["mean"] <= cell["highest"]
    five = {cell["figure"]: cell["required"] for cell in told["cells"] if cell["horizon"] == 5}
    assert five == {"coverage80": [0.77, 0.83], "skill_last": [0.06, 1], "skill_drift": [0.09, 1]}
    benchmark.main([str(path), "--splits", "1", "--since", "2000"])
    assert "figures reached on the mean over the splits" in capsys.readouterr().out
