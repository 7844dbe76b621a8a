"""Outturns against futures: the right rows, the right futures, the right place in them."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plansim.benchmarks import cities as page
from plansim.benchmarks import city_outturns as cities
from plansim.calibration.evidence import parts
from plansim.scenarios.load import load
from plansim.simulator.plan import figures
from plansim.simulator.run import run


@pytest.fixture(scope="module")
def yuyao():
    return load("yuyao-2016")


# -- the table -------------------------------------------------------------------------------------


def test_every_row_is_used_as_something_and_says_where_it_is_from():
    table = cities.outturns().values()
    assert len({outturn.id for outturn in table}) == 36
    for outturn in table:
        tested = outturn.use in ("own", "wider")
        assert tested == (outturn.value is not None), outturn.key
        assert tested == bool(outturn.year and outturn.unit), outturn.key
        from_memory = outturn.confidence.startswith("memory")
        assert from_memory == (outturn.seen == "no"), outturn.key
        assert outturn.address.startswith("http") or from_memory, outturn.key
    assert {o.id for o in table if o.use == "input"} == set(cities.INPUTS)
    assert {o.id for o in table if o.use == "other"} == set(cities.OTHERS)


def test_every_figure_is_read_and_every_reading_has_its_figure():
    read = {key for reading in cities.READINGS for key in (*reading.figures, reading.base) if key}
    stored = {key for key, o in cities.outturns().items() if o.value is not None}
    assert read == stored
    uses = {
        number < cities.OWN: {cities.outturns()[key].use for key in reading.figures}
        for number, reading in enumerate(cities.READINGS)
    }
    assert uses == {True: {"own"}, False: {"wider"}}
    keys = [reading.key for reading in cities.READINGS]
    assert len(set(keys)) == len(keys)


def test_figures_stand_as_published():
    observed = {reading.key: reading.observed for reading in cities.READINGS}
    assert observed["YY4 level"] == 304.4
    assert observed["SO1"] == pytest.approx(259.31852)
    assert observed["YZ5 a year before"] * (1 - 0.224) == pytest.approx(62.9)
    assert observed["SX10 energy"] == 38.3
    assert observed["CN13 non-ferrous metals"] == -0.8
    assert observed["CN14 cars"] == 9.6
    assert observed["CN12 2021"] == 8.1
    assert observed["CN17 2017"] == pytest.approx(97 / 49)
    cars = 1.155 * 1.122 * 1.049 * 1.018 * 1.066 * 1.055
    key = "CN16 cars 2016 to CN16 cars 2021"
    assert observed[key] == pytest.approx(100 * (cars - 1))


@pytest.mark.parametrize("name", ["yuyao-2016", "yinzhou-2017", "shaoxing-2016"])
def test_no_plan_rests_on_the_outturns_that_it_is_held_against(name):
    own = [r for r in cities.READINGS[: cities.OWN] if r.plan == name]
    rows = {f"outturns:{cities.outturns()[reading.key].id}" for reading in own}
    assert rows
    cited = [p for p, figure in figures(load(name)) if rows & set(parts(figure.source))]
    assert cited == []


def test_lines_are_made_of_the_raw_row():
    row = {
        "id": "YY4", "place": "Yuyao", "scope": "whole", "indicator": "GS VA",
        "period": "2018 Jan-Nov", "value": "304.4", "unit": "100m RMB", "note": "+10.7%",
        "source": "bureau", "url": "http://x", "seen_here": "yes", "confidence": "high",
    }  # fmt: skip
    level, growth = cities.derived([row])
    assert (level["part"], level["value"], growth["value"]) == ("level", "304.4", "10.7")
    assert level["published"] == "304.4 100m RMB; +10.7%"
    with pytest.raises(ValueError, match="row ZZ1 is neither read"):
        cities.derived([row | {"id": "ZZ1"}])


# -- futures ---------------------------------------------------------------------------------------


def test_futures_are_those_that_a_run_keeps(yuyao):
    kept = run(yuyao, draws=128).kept
    place = next(i for i, key in enumerate(yuyao.indicators) if key == "total_output")
    # clusters have a path each: count the series before it
    series = sum(
        len(yuyao.clusters) if indicator.subjects == "clusters" else 1
        for indicator in list(yuyao.indicators.values())[:place]
    )
    mine = cities.futures(yuyao, draws=128).account("output")
    for luck in (0, 1):
        theirs = kept.paths[:, series, kept.luck == luck]
        np.testing.assert_array_equal(mine[:, 128 * luck : 128 * (luck + 1)], theirs)


def test_readings_read_what_they_say(yuyao):
    lives = cities.futures(yuyao, draws=128)
    real = lives.account("real_value_added")
    grown = cities.growth("real_value_added", 2018, 2017)(lives)
    np.testing.assert_allclose(grown, 100 * (real[3] / real[2] - 1))
    np.testing.assert_array_equal(cities.level("output", 2015)(lives), lives.account("output")[0])
    half = cities.level("output", 2016, 0.5)(lives)
    np.testing.assert_array_equal(half, lives.account("output")[1] / 2)
    shares = [cities.share("value_added", key, 2020)(lives) for key in yuyao.clusters]
    np.testing.assert_allclose(np.sum(shares, axis=0), 100)
    np.testing.assert_array_equal(cities.quantity("prices.output", 2015)(lives), 1.0)
    price = cities.price_growth("prices.output", 2016)(lives)
    np.testing.assert_allclose(price, 100 * (cities.times("prices.output", 2016, 2015)(lives) - 1))
    pair = lives.account("output", ["robotics", "nev"])
    parts = lives.account("output", ["robotics"]) + lives.account("output", ["nev"])
    np.testing.assert_allclose(pair, parts)


def test_common_factors_widen_a_place_and_tie_its_clusters(yuyao):
    (found,) = cities.togetherness(yuyao, (5,), "real_output", draws=512)
    widths = [high - low for low, high in (found.shipped, found.shock_free, found.free)]
    assert widths[0] > 1.2 * widths[1]
    assert widths[1] > 1.1 * widths[2]
    assert 0.3 < found.share < 0.8

    def tie(plan):
        lives = cities.futures(plan, draws=512)
        logs = [np.log(lives.quantity(f"clusters.{k}.output")[5]) for k in ("moulds", "plastics")]
        bases = [np.log(lives.quantity(f"clusters.{k}.output")[0]) for k in ("moulds", "plastics")]
        return np.corrcoef(logs[0] - bases[0], logs[1] - bases[1])[0, 1]

    assert tie(yuyao) > 0.3
    assert abs(tie(cities.without_common(yuyao))) < 0.1  # 3 standard errors of 1024 futures


# -- comparisons -----------------------------------------------------------------------------------


@given(outturn=st.floats(-20, 120))
def test_a_known_place_is_found(outturn):
    found = cities.Comparison.of(cities.READINGS[0], outturn, np.linspace(0, 100, 1001))
    assert (found.low, found.middle, found.high) == pytest.approx((5, 50, 95))
    assert found.percentile == pytest.approx(min(max(outturn, 0), 100), abs=0.11)
    assert found.hit == (found.low <= outturn <= found.high)


@pytest.mark.parametrize(
    ("rates", "whole"), [([], 0), ([10], 10), ([10, 10], 21), ([100, -50], 0), ([-10, 5], -5.5)]
)
def test_growth_is_compounded(rates, whole):
    assert cities.compounded(rates) == pytest.approx(whole)


# -- the pages -------------------------------------------------------------------------------------


NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?")


@pytest.mark.slow
def test_the_pages_say_what_the_runs_say():
    """If this fails a plan or the model was changed: python benchmarks/cities.py"""
    for lang, text in page.pages().items():
        stored = page.PAGES[lang].read_text(encoding="utf-8")
        assert NUMBER.sub("#", stored) == NUMBER.sub("#", text)
        numbers = [
            [float(n.replace("−", "-")) for n in NUMBER.findall(words)] for words in (stored, text)
        ]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.03, abs=0.6)


def test_the_words_cover_every_row_in_both_languages():
    for lang in page.PAGES:
        words = page.WORDS[lang]
        assert list(words["own"]) == [r.key for r in cities.READINGS[: cities.OWN]]
        assert set(words["sectors"]) == set(cities.SECTORS)
        assert set(words["untested"]) == {*cities.INPUTS, *cities.OTHERS}
    assert page.WORDS["en"].keys() == page.WORDS["zh"].keys()


def test_only_what_is_marked_on_a_page_is_replaced():
    text = "a\n<!-- one -->\nold\n<!-- / -->\nb\n<!-- two -->\n\n<!-- / -->\n"
    filled = page.filled(text, {"one": lambda: "1\n\\1", "two": lambda: "2"})
    assert filled == "a\n<!-- one -->\n1\n\\1\n<!-- / -->\nb\n<!-- two -->\n2\n<!-- / -->\n"
    assert page.filled(filled, {"one": lambda: "old", "two": lambda: ""}) == text
    with pytest.raises(ValueError, match="0 places for the table three"):
        page.filled(text, {"three": lambda: ""})
