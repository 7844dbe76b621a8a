"""Both catalogues say the same things, all that is said has a sentence, and none is idle."""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import plansim.simulator
from plansim.scenarios.load import CODES
from plansim.simulator.errors import Fault
from plansim.words.catalogue import catalogue, default_language, say, say_fault, say_faults, shown

ROOT = Path(plansim.simulator.__file__).parents[1]
PACKAGES = ("words", "simulator", "scenarios", "calibration", "store", "analysis", "reports")
#: Calls that make a fault.
CALLS = ("Fault", "of", "fault", "_fault", "_placed")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
#: Words that a message in English may hold: what stands in the document, and units.
DOCUMENT_WORDS = {"亿元", "万元", "左右", "人", "年均", "以上", "接近", "规上"}
#: Groups whose keys are put together in code: f"verdict.{word}".
NOT_BUILT = ("fault", "say", "report", "show")


@cache
def sources() -> dict[str, str]:
    found = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
    return {
        str(path): path.read_text(encoding="utf-8")
        for path in [*found, ROOT / "cli.py", ROOT / "usage.py"]
    }


def fault_calls() -> Iterator[tuple[str, set[str] | None]]:
    """Every code named in a call, with the fields given there (None where they are not plain)."""
    for text in sources().values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                yield from fault_call(node)


def fault_call(node: ast.Call) -> Iterator[tuple[str, set[str] | None]]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    owner = getattr(getattr(node.func, "value", None), "id", "")
    if name not in CALLS or (name == "of" and owner != "InputError"):
        return
    rows = name == "fault" and len(node.args) == 2  # a row's fault: column, code
    place = node.args[1 if rows else 0] if node.args else None
    if not isinstance(place, ast.Constant):
        return
    code = str(place.value)
    if name in ("of", "fault"):
        given = {str(k.arg) for k in node.keywords}
        yield code, None if "None" in given else given | ({"key"} if rows else set())
    elif len(node.args) > 1 and isinstance(node.args[1], ast.Dict):
        keys = node.args[1].keys
        yield code, {str(k.value) for k in keys if isinstance(k, ast.Constant)}
    else:
        yield code, None


def literals() -> set[str]:
    """Every text constant of the source, and the names of all fields and keywords."""
    found: set[str] = set()
    for text in sources().values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def tail(name: str) -> str:
    """What is put behind a fixed beginning: f"name.prices_{rest}"."""
    return re.sub("^(cluster|prices|totals|assumption|coupling|kind|basis)_", "", name)


def fields_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


# -- the catalogues --------------------------------------------------------------------------------


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue("en").keys() == catalogue("zh").keys()


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_both_languages_fill_in_the_same_fields(key: str) -> None:
    assert fields_of(catalogue("en")[key]) == fields_of(catalogue("zh")[key])


def test_no_sentence_is_empty() -> None:
    for lang in ("en", "zh"):
        assert [k for k, v in catalogue(lang).items() if not str(v).strip()] == []


def test_english_sentences_hold_no_chinese_but_words_of_the_document() -> None:
    strange = {
        key: rest
        for key, sentence in catalogue("en").items()
        if (rest := set(CHINESE.findall(sentence)) - DOCUMENT_WORDS)
    }
    assert strange == {}


def test_chinese_sentences_are_chinese() -> None:
    bare = {"±", "index"}
    for key, sentence in catalogue("zh").items():
        words = re.sub(r"\{\w*\}", "", sentence)
        if re.search(r"[A-Za-z]{3}", words) and key != "say.error" and sentence not in bare:
            assert CHINESE.search(words), (key, sentence)


# -- what is said ----------------------------------------------------------------------------------


def test_every_code_of_a_fault_has_a_sentence() -> None:
    codes = {code for code, _ in fault_calls()} | {*CODES.values(), "invalid"}
    assert len(codes) > 60
    assert {code for code in codes if f"fault.{code}" not in catalogue("en")} == set()


def test_every_fault_fills_in_its_sentence() -> None:
    """What lacks ``value`` names its path instead."""
    short = {
        (code, field)
        for code, given in fault_calls()
        if given is not None
        for field in fields_of(catalogue("en")[f"fault.{code}"]) - given - {"value"}
    }
    assert short == set()


def test_no_sentence_is_idle() -> None:
    known = literals()
    keys = {text for text in known if re.fullmatch(r"[a-z]+\.[a-z0-9_]+", text)}
    idle = []
    for key in catalogue("en"):
        group, _, name = key.partition(".")
        built = group not in NOT_BUILT or group == "fault"
        if key not in keys and not (built and (len(name) == 1 or {name, tail(name)} & known)):
            idle.append(key)
    assert idle == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("key", sorted(k for k in catalogue("en") if k.startswith("fault.")))
def test_every_fault_can_be_said(key: str, lang: str) -> None:
    code = key.removeprefix("fault.")
    given = {name: f"<{name}>" for name in fields_of(catalogue(lang)[key])}
    text = say_fault(Fault(code, given, "a.b", "f.yaml", 3, 5), lang)
    assert text.startswith("f.yaml:3:5: a.b: ")
    assert all(value in text for value in given.values())
    assert "{" not in text


def test_a_field_may_have_any_name() -> None:
    fault = Fault("missing_key", {"key": "base", "lang": "x", "code": "y"})
    assert say_fault(fault, "en") == "base is missing"


def test_a_fault_without_its_value_names_its_path() -> None:
    fault = Fault("not_finite", {}, "city.patents")
    assert say_fault(fault, "en").startswith("city.patents: city.patents is not")


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "f: there is no scenario plam; did you mean plan?"),
        ("zh", "f: 没有情景 plam；是否应为 plan？"),
    ],
)
def test_the_nearest_is_suggested_before_the_choices(lang: str, text: str) -> None:
    fields = {"value": "plam", "nearest": "plan", "choices": ["a", "b"]}
    assert say_fault(Fault("unknown_scenario", fields, file="f"), lang) == text


def test_choices_are_listed_where_nothing_is_near() -> None:
    many = Fault("unknown_scenario", {"value": "x", "choices": [str(n) for n in range(30)]})
    assert say_fault(many, "en").endswith("; possible: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …")
    few = Fault("unknown_scenario", {"value": "x", "choices": ["a", "b"]})
    assert say_fault(few, "zh").endswith("；可用：a、b")


def test_faults_are_told_in_the_order_of_the_files() -> None:
    faults = [
        Fault("negative", {"value": n}, f"p{n}", file, line)
        for n, (file, line) in enumerate([("b", 2), ("a", 10), ("a", 9), ("b", 1)])
    ]
    lines = say_faults(faults, "en").splitlines()
    assert lines[0] == "4 faults:"
    assert [line.split(": ")[0] for line in lines[1:]] == ["a:9", "a:10", "b:1", "b:2"]
    assert say_faults(faults[:1], "en") == "b:2: p0: 0 is negative"


def test_what_many_inherit_is_said_once() -> None:
    faults = [Fault("negative", {"value": -1}, f"clusters.{c}.x", "p", 7, 2) for c in "abc"]
    text = say_faults(faults, "en")
    assert len(text.splitlines()) == 1
    assert "2 other places" in text
    assert len(say_faults([*faults, *faults], "en").splitlines()) == 1


def test_faults_without_a_place_are_kept_apart() -> None:
    faults = [Fault("unknown_plan", {"value": v}) for v in ("a", "b", "a")]
    assert len(say_faults(faults, "en").splitlines()) == 3


@pytest.mark.parametrize(
    ("value", "lang", "text"),
    [
        (True, "en", "true"),
        (0.1 + 0.2, "en", "0.3"),
        (1e99, "en", "1e+99"),
        (2020, "en", "2020"),
        (["a", 0.5], "en", "a, 0.5"),
        (["a", 0.5], "zh", "a、0.5"),
        (None, "en", "None"),
        ("{x}", "en", "{x}"),
    ],
)
def test_fields_are_shown_short(value: object, lang: str, text: str) -> None:
    assert shown(value, lang) == text


def test_braces_in_what_a_user_wrote_stay_braces() -> None:
    fault = Fault("unknown_scenario", {"value": "{0} {value} %s"})
    assert say_fault(fault, "en") == "there is no scenario {0} {value} %s"


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US", "LC_ALL": "zh_TW"}, "zh"),
        ({"LC_ALL": "C", "PLANSIM_LANG": "zh"}, "zh"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN.GBK"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment(
    variables: dict[str, str], lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PLANSIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_language() == lang


def test_an_unknown_sentence_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        say("say.nothing_of_the_kind", "en")
