"""What an error says, wherever it is shown."""

import pickle
import traceback

import pytest

from plansim.scenarios.load import load
from plansim.simulator.errors import Fault, InputError, nearest
from plansim.words.catalogue import say_faults

WRONG = ("quotas.land.amount=-5", "assumptions.scope=indstry")


@pytest.mark.parametrize(("lang", "sentence"), [("en", "land"), ("zh", "为负")])
def test_an_error_speaks_in_the_language_of_the_environment(
    lang: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANSIM_LANG", lang)
    with pytest.raises(InputError) as caught:
        load("yuyao-2016", settings=WRONG[:1])
    said = str(caught.value)
    assert said == say_faults(caught.value.faults, lang)
    assert sentence in said
    assert traceback.format_exception_only(caught.value)[-1].endswith(said + "\n")


def test_an_error_comes_back_from_another_process_as_it_was() -> None:
    error = InputError([Fault("unknown_plan", {"value": "x", "choices": ["y"], "nearest": ""})])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is InputError
    assert again.faults == error.faults
    assert str(again) == str(error)


def test_the_nearest_name_is_named_or_none() -> None:
    assert nearest("robotcs", ["robotics", "land"]) == "robotics"
    assert nearest("zzz", ["robotics", "land"]) == ""


def test_a_fault_without_a_sentence_is_told_by_its_code() -> None:
    assert str(InputError([Fault("no_such_code", {}, "x.y"), Fault("other")])) == (
        "no_such_code x.y; other"
    )
