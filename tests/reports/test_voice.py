"""No raw path or key reaches a planner: every table and report, in both languages."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plansim import cli
from plansim.calibration.evidence import studies
from plansim.scenarios.load import load, read_source, shipped
from plansim.simulator.door import Plan
from plansim.simulator.plan import Switch, figures
from plansim.simulator.sampling import centre

FEW = ("--draws", "128")
#: What is asked of one plan only, the smallest.
SLOW = (
    "attribute", "sensitivity", "discover", "seek", "confidence", "views", "batch", "runs",
    "targets of runs", "one run", "calibrate",
)  # fmt: skip
SMALLEST = "yuyao-2020"
#: A path, or a key of several words: clusters.robotics.output, rd_to_revenue.
KEY = re.compile(r"\b[a-z][a-z0-9]*(?:[._][a-z0-9]+)+\b")
#: The mark of a source: amaral-1997, outturns:CN1.
SOURCE = re.compile(r"\b[a-z]+(?:-[a-z0-9]+)*-(?:\d{4}|h\d|4\.0)\b|\b[\w-]+:[A-Z]+\d+")
CHINESE = re.compile("[\u4e00-\u9fff]+")
LATIN = re.compile(r"[A-Za-z][A-Za-z&]+")
#: What a Chinese table may say in Latin letters: marks, units, names of data and of methods.
MARKS = {
    "plan", "plansim", "run", "csv", "json", "html", "xlsx", "docx", "png", "Shapley", "Sobol",
    "assumptions", "history", "met", "calibrate", "targets", "seek", "show", "tce", "km",
    "ha",
    "TWh", "numpy", "pandas", "pyarrow", "pydantic", "python", "scipy", "kWh", "PERT", "IPCC",
    "NBER", "CES", "CRPS", "CIP", "md", "SOURCES", "US", "PRIM", "ISO",
}  # fmt: skip
#: What an English table may say in Chinese: units.
UNITS = {
    "亿元",
    "万元",
    "件",
    "百亿元",
    "万人",
    "项",
    "人",
    "台",
    "亩",
    "万",
    "年",
    "个",
    "家",
    "万立方米",
}


def commands(plan: Plan, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Every command that shows figures, with a small question."""
    key = plan.plan.id
    outcome = next(t.id for t in plan.judged if t.kind == "outcome" and not t.restates)
    activity = next(t.id for t in plan.judged if t.kind == "activity" and not t.restates)
    return {
        "show": ("show", key),
        "evidence": ("show", key, "--evidence"),
        "baselines": ("show", key, "--baselines"),
        "history": ("show", key, "--history"),
        "targets": ("targets", key),
        "check": ("check", key),
        "run": ("run", key, *FEW, "--given", activity, "--out", str(tmp_path / key)),
        "views": ("run", key, *FEW),
        "compare": ("compare", key, "plan", "delayed", *FEW),
        "attribute": ("attribute", key, "--draws", "32", "--orders", "2", "--target", outcome),
        "sensitivity": ("sensitivity", key, *FEW),
        "discover": ("discover", key, "--draws", "1024", "--target", activity),
        "trace": ("trace", key),
        "confidence": ("seek", key, "--confidence", "0.8", *FEW),
        "levers": ("levers", key, "--draws", "64"),
        "seek": ("seek", key, "--target", f"{activity}=0.9", "--draws", "64"),
        "settle": ("settle", key, "--outturns", str(came(plan, tmp_path)), "--draws", "64"),
        "batch": ("batch", str(batch(plan, tmp_path)), "--out", str(tmp_path / "batch")),
        "runs": ("runs", str(tmp_path / "batch")),
        "targets of runs": ("runs", str(tmp_path / "batch"), "--above", "0.3"),
        "one run": ("runs", str(tmp_path / key)),
        "calibrate": (
            "calibrate", key, "--history", str(seen(plan, tmp_path)), "--draws", "1024",
            "--out", str(tmp_path / "calibration.json"),
        ),
    }  # fmt: skip


def batch(plan: Plan, tmp_path: Path) -> Path:
    """A batch of two runs that set a lever and a switch."""
    lever = next(lever.path for lever in plan.levers.values() if "quotas" in lever.path)
    path = tmp_path / "batch.yaml"
    path.write_text(
        f"plans: [{plan.plan.id}]\nscenarios: [plan, delayed]\ndraws: 32\n"
        f"sweeps: {{{lever}: [x0.5], assumptions.output_prices: [constant]}}\n",
        encoding="utf-8",
    )
    return path


def seen(plan: Plan, tmp_path: Path) -> Path:
    """A history of one figure, to learn from."""
    path = tmp_path / "seen.csv"
    year, quantity = plan.plan.base_year + 1, next(iter(plan.city))
    base = plan.at(f"city.{quantity}.base")
    value = centre(base)
    line = f"city.{quantity},{plan.plan.region.en},{year},{value},{base.unit},,,bulletin-2020"
    path.write_text(f"quantity,subject,year,value,unit,measure,sd,source\n{line}\n", "utf-8")
    return path


def came(plan: Plan, tmp_path: Path) -> Path:
    """A file in which every goal of two years was just met, and one figure settles nothing."""
    rows = [
        f"{t.id},{t.year},{t.low},{t.unit},bulletin-2020"
        for t in plan.judged
        if t.low is not None and t.year == plan.plan.years[1]
    ]
    rows.append(f"prices.output,{plan.plan.base_year + 1},1.02,1,bulletin-2020")
    path = tmp_path / f"{plan.plan.id}-came.csv"
    lines = ("quantity,year,value,unit,source", *rows)
    path.write_text("\n".join((*lines, "")), encoding="utf-8")
    return path


def authors(plan: Plan) -> Iterator[str]:
    """What the plan's author wrote in one language: statements, sources, studies."""
    for _, figure in figures(plan):
        yield from (figure.source, *figure.source.split(", "))
    for target in plan.targets:
        yield from (target.source, target.indicator_zh)
    for name in plan.assumptions.__dataclass_fields__:
        found = getattr(plan.assumptions, name)
        if isinstance(found, Switch):
            yield found.source
    for study in studies().values():
        yield study.study


def own(text: str, plan: Plan) -> str:
    """What the product says itself: without what authors wrote, and marks of lines."""
    for words in sorted(set(authors(plan)), key=len, reverse=True):
        if words:
            text = text.replace(words, " ")
    for key in (plan.plan.id, *read_source(plan.plan.id).scenarios):
        text = re.sub(rf"\b{key}\b", " ", text, flags=re.ASCII)
    text = re.sub(r"plansim (run|calibrate|targets|show|runs)\b.*", " ", text)
    return re.sub(
        r"\bL\d+\b|\bhistory\.csv\b|\S*/\S*\.\S+|--[a-z-]+|\b[0-9a-f]{10}\b|plansim \d\S*",
        " ",
        text,
    )


def strange(text: str, plan: Plan, lang: str) -> list[str]:
    """Keys, ids and words of the other language that the product says."""
    said = own(text, plan)
    keys = {*(t.id for t in plan.targets), *plan.levers}
    found = set(KEY.findall(said))
    found |= {
        k
        for k in keys
        if re.search("[-_]", k) and re.search(rf"(?<![\w-]){re.escape(k)}(?![\w-])", said)
    }
    if lang == "zh":
        found |= set(LATIN.findall(SOURCE.sub(" ", said))) - MARKS - labels(plan)
    else:
        found |= set(CHINESE.findall(said)) - UNITS
    return sorted(found)


def labels(plan: Plan) -> set[str]:
    """Latin words of the plan's own Chinese names and statements."""
    text = " ".join(t.indicator_zh for t in plan.targets)
    for section in ("clusters", "city", "indicators", "programmes", "quotas", "offices"):
        text += " ".join(v.name.zh for v in getattr(plan, section).values() if v.name)
    for programme in plan.programmes.values():
        if programme.queue is not None:
            text += " ".join(s.name.zh for s in programme.queue.stages.values() if s.name)
    return set(LATIN.findall(text))


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("key", shipped())
def test_no_key_and_no_word_of_the_other_language(key: str, lang: str, tmp_path: Path) -> None:
    plan = load(key)
    found = {}
    for name, command in commands(plan, tmp_path).items():
        if name in SLOW and key != SMALLEST:
            continue
        result = CliRunner().invoke(cli.app, [*command, "--lang", lang])
        assert result.exit_code == 0, (name, result.output)
        assert result.stdout, name
        found[name] = strange(re.sub(rf"{tmp_path}[\w/-]*", " ", result.stdout), plan, lang)
    page = tmp_path / "report.html"
    asked = ["report", str(tmp_path / key), "--out", str(page), "--lang", lang]
    assert CliRunner().invoke(cli.app, asked).exit_code == 0
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.S)
    words = html.unescape(re.sub(r"<[^>]+>", "\n", text))
    found["report"] = strange(words, plan, lang)
    assert {name: words for name, words in found.items() if words} == {}
