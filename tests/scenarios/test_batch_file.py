"""Batch files: what they say, and every fault of one at once, with its place."""

from pathlib import Path

import pytest

from plansim.scenarios.batch_file import BatchFile, Hypercube, Range, read_batch_file, value_text
from plansim.scenarios.text import parse_yaml
from plansim.simulator.change import Setting, apply
from plansim.simulator.errors import InputError

FULL = """
plans: [yuyao-2016, ./mine]
scenarios: [plan, delayed]
sweeps:
  a.b: [x0.5, 2, {dist: normal, mean: 1, sd: 2}]
  c.d: {from: 2016, to: 2020, step: 2}
  e.f: {from: x0.5, to: x2, count: 4}
  latin_hypercube:
    points: 20
    seed: 3
    levers:
      g.*.h: {from: 0.5, to: 2}
      i.j: {from: 1, to: 6}
seeds: {from: 1, to: 3}
draws: 1e3
sampler: sobol
keep: 0
"""


def read(tmp_path: Path, text: str) -> BatchFile:
    path = tmp_path / "batch.yaml"
    path.write_text(text, encoding="utf-8")
    return read_batch_file(path)


def codes(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert all(fault.file == "batch.yaml" and fault.line for fault in caught.value.faults)
    return sorted((fault.path, fault.code) for fault in caught.value.faults)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    file = read(tmp_path, FULL)
    assert file.plans == ("yuyao-2016", "./mine")
    assert file.scenarios == ("plan", "delayed")
    assert file.levers == {
        "a.b": ("x0.5", 2, {"dist": "normal", "mean": 1, "sd": 2}),
        "c.d": Range(2016, 2020, step=2, whole=True),
        "e.f": Range(0.5, 2, count=4, factor=True),
    }
    assert file.hypercube == Hypercube(
        20, 3, {"g.*.h": Range(0.5, 2), "i.j": Range(1, 6, whole=True)}
    )
    assert file.seeds == (1, 2, 3)
    assert (file.draws, file.sampler, file.keep) == (1000, "sobol", 0)


def test_a_plan_is_enough(tmp_path: Path) -> None:
    file = read(tmp_path, "plans: yuyao-2016\n")
    assert file.plans == ("yuyao-2016",)
    assert (file.scenarios, file.seeds, file.draws) == (("plan",), (1,), 10_000)
    assert (file.levers, file.hypercube, file.sampler) == ({}, None, "independent")


def test_paths_are_seen_from_the_file(tmp_path: Path) -> None:
    file = read(tmp_path, FULL)
    assert file.location("yuyao-2016") == "yuyao-2016"
    assert file.location("./mine") == str(tmp_path / "mine")
    here = BatchFile(Path("batch.yaml"), {}, (), (), {}, None, (), 1, "", 0, False)
    assert here.location("./mine") == "./mine"
    assert here.location("../mine") == "../mine"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("scenarios: [plan]\n", [("plans", "missing_key")]),
        ("plans: []\n", [("plans", "empty_list")]),
        ("plans: [a, b, a]\n", [("plans.2", "duplicate_key")]),
        ("plans: [a, 2020]\n", [("plans.1", "not_text")]),
        ("plans: [a]\nscenario: [plan]\n", [("scenario", "unknown_key")]),
        ("plans: [a]\nuncalibrated: perhaps\n", [("uncalibrated", "unknown_choice")]),
        ("plans: [a]\ndraws: many\n", [("draws", "not_a_whole_number")]),
        ("plans: [a]\ndraws: 0\n", [("draws", "argument_range")]),
        ("plans: [a]\ndraws: true\n", [("draws", "not_a_whole_number")]),
        ("plans: [a]\nseeds: [1, 1]\n", [("seeds.1", "duplicate_key")]),
        ("plans: [a]\nseeds: [-1]\n", [("seeds.0", "argument_range")]),
        ("plans: [a]\nseeds: {from: 3, to: 1}\n", [("seeds", "range_form")]),
        ("plans: [a]\nsampler: sobl\n", [("sampler", "unknown_choice")]),
        ("plans: [a]\nsweeps: [x]\n", [("sweeps", "not_a_mapping")]),
        ("plans: [a]\nsweeps: {b.c: 5}\n", [("sweeps.b.c", "sweep_form")]),
        ("plans: [a]\nsweeps: {b.c: []}\n", [("sweeps.b.c", "empty_list")]),
        (
            "plans: [a]\nsweeps: {b.c: {from: 1, to: 5}}\n",
            [("sweeps.b.c", "range_step_or_count")],
        ),
        (
            "plans: [a]\nsweeps: {b.c: {from: 1, to: 5, step: 1, count: 3}}\n",
            [("sweeps.b.c", "range_step_or_count")],
        ),
        (
            "plans: [a]\nsweeps: {b.c: {from: 5, to: 1, step: 1}}\n",
            [("sweeps.b.c", "range_form")],
        ),
        (
            "plans: [a]\nsweeps: {b.c: {from: 1, to: x5, count: 2}}\n",
            [("sweeps.b.c", "range_ends")],
        ),
        (
            "plans: [a]\nsweeps: {b.c: {from: low, to: 5, step: 0}}\n",
            [
                ("sweeps.b.c", "range_form"),
                ("sweeps.b.c.from", "range_end"),
                ("sweeps.b.c.step", "must_be_positive"),
            ],
        ),
        (
            "plans: [a]\nsweeps: {b.c: {from: 1, to: 1e9, step: 1}}\n",
            [("sweeps.b.c", "too_many_runs")],
        ),
        (
            "plans: [a]\nsweeps: {b.c: [1], latin_hypercube: {levers: {b.c: {from: 1, to: 2}}}}\n",
            [("sweeps.b.c", "duplicate_key"), ("sweeps.latin_hypercube", "missing_key")],
        ),
        (
            "plans: [a]\nsweeps: {latin_hypercube: {points: 5, levers: {b.c: [1, 2]}}}\n",
            [("sweeps.latin_hypercube.levers.b.c", "sweep_form")],
        ),
        (
            "plans: [a]\nsweeps: {latin_hypercube: {points: 5, levers: {}}}\n",
            [("sweeps.latin_hypercube.levers", "empty_list")],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, text: str, faults: list[tuple[str, str]]
) -> None:
    assert codes(tmp_path, text) == faults


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "plans: []\nseeds: [x]\ndraws: -1\nsweeps: {a.b: 3}\nnonsense: 1\n"
    assert len(codes(tmp_path, text)) == 5


@pytest.mark.parametrize(
    "value", ["x0.5", "double", "true", "null", "2020", "", "a: b", 3, 2.5, 1e-7, True, [1, 2],
              {"dist": "normal", "mean": 1.5, "sd": 2}, "产值"],
)  # fmt: skip
def test_a_value_is_typed_so_that_it_is_read_again(value: object) -> None:
    assert parse_yaml(value_text(value), "")[1] == value


def test_a_factor_stays_a_factor() -> None:
    _, typed = parse_yaml(value_text("x0.5"), "")
    assert apply({"a": {"b": 8}}, [Setting("a.b", typed, "")]).tree == {"a": {"b": 4}}
