"""docs/architecture.md says in which files a thing is added: each recipe is followed in a copy."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from plansim.tests.packing import ROOT, tracked

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Edit:
    """``text`` comes right behind the first ``anchor`` of a file; a new file has no anchor."""

    file: str
    anchor: str
    text: str


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as git tracks it, without its tests."""
    place = tmp_path_factory.mktemp("original")
    for name in tracked():
        if name.startswith(("tests/", "benchmarks/")):
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place / name)
    return place


@dataclass(frozen=True)
class House:
    """A copy of the project that is added to."""

    folder: Path

    def follow(self, recipe: str, edits: Sequence[Edit]) -> None:
        """Make the edits, in just the files that the page names for this recipe."""
        for edit in edits:
            path = self.folder / edit.file
            before = path.read_text(encoding="utf-8") if edit.anchor else ""
            assert edit.anchor in before
            assert edit.anchor or not path.exists()
            after = before.replace(edit.anchor, edit.anchor + edit.text, 1) or edit.text
            path.write_text(after, encoding="utf-8")
        assert {edit.file for edit in edits} == files_of(recipe)

    def says(self, *arguments: str) -> str:
        """What Python prints beside the copy."""
        environment = {"PYTHONPATH": str(self.folder.parent), "PATH": "", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.folder.parent, env=environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def files_of(recipe: str) -> set[str]:
    """The files in the page's row of a recipe; a new one stands for any: answers/NAME.py."""
    (row,) = re.findall(rf"(?m)^\| {recipe} \|.*$", PAGE)
    return set(re.findall(r"`([\w./]+\.\w+)`", row.replace("NAME", "heads")))


@pytest.fixture
def house(original: Path, tmp_path: Path) -> House:
    shutil.copytree(original, tmp_path / "plansim")
    return House(tmp_path / "plansim")


def test_an_account_is_two_files(house: House) -> None:
    edits = (
        Edit("simulator/accounts.py", '"value_added", "real_value_added",', ' "bought",'),
        Edit(
            "simulator/accounts.py",
            "        return self.rated_output * self.price\n",
            '''
    @account
    def bought(self) -> Array:
        """Eq. 6: nominal output that is no value added. [亿元, current prices]"""
        return self.nominal_output - self.value_added
''',
        ),
        Edit("docs/model.md", "**Eq. 7** energy", " (bought = nominal output − value added)"),
    )
    house.follow("an account", edits)
    plan = house.folder / "scenarios" / "template" / "plan.yaml"
    made = "unit: '%', measure: account, of: bought, over: nominal_output"
    new = f"  bought: {{name: {{zh: 外购, en: bought}}, {made}}}"
    written = plan.read_text(encoding="utf-8").replace("indicators:\n", f"indicators:\n{new}\n", 1)
    plan.write_text(written, encoding="utf-8")
    code = """
import plansim
fans = plansim.run(plansim.load("plansim/scenarios/template"), draws=256).quantiles((0.5,))
last = fans[fans["year"] == fans["year"].max()].set_index("indicator")["value"]
print(last["bought"], last["va_rate"])
"""
    bought, rate = map(float, house.says("-c", code).split())
    assert bought == pytest.approx(1 - rate, abs=1e-9)


def test_a_curve_is_four_files(house: House) -> None:
    edits = (
        Edit("simulator/plan.py", 'Curve = Literal["exponential", "logistic", ', '"half", '),
        Edit("simulator/dynamics.py", '"logistic": 1.0, ', '"half": 0.5, '),
        Edit("words/messages/en.yaml", '  exponential: "exponential"\n', '  half: "half-way"\n'),
        Edit("words/messages/zh.yaml", '  exponential: "指数增长"\n', '  half: "半饱和"\n'),
    )
    house.follow("a growth curve", edits)
    code = """
import plansim
quantity = "clusters.machinery.output"
for curve in ("gompertz", "half", "logistic"):
    figure = {"origin": "judgement", "source": "x"}
    trend = {"curve": curve, "rate": {"value": 0.3, "unit": "1/year", **figure},
             "ceiling": {"value": 400, "unit": "亿元", **figure}}
    plan = plansim.load("plansim/scenarios/template", set={f"{quantity}.trend": trend})
    fans = plansim.run(plan, draws=256).quantiles((0.5,))
    last = fans[(fans["year"] == fans["year"].max()) & (fans["subject"] == "machinery")]
    print(float(last["value"].iloc[0]))
"""
    gompertz, half, logistic = map(float, house.says("-c", code).split())
    assert len({gompertz, half, logistic}) == 3


def test_a_sampler_is_three_files(house: House) -> None:
    edits = (
        Edit(
            "simulator/sampling.py",
            '    "sobol": sobol_scores,\n',
            '    "mirrored": mirrored_scores,\n',
        ),
        Edit(
            "simulator/sampling.py",
            "#: How independent normal scores are drawn",
            ", one function and one entry each",
        ),
        Edit(
            "simulator/sampling.py",
            "    points = block.sobol(len(names))\n"
            "    return {name: points[:, i].copy() for i, name in enumerate(names)}\n",
            '''

def mirrored_scores(block: Block, names: Sequence[str]) -> dict[str, Array]:
    """Every second draw is the one before it, mirrored. [(draw,)]"""
    scores = independent_scores(block, names)
    for row in scores.values():
        row[1::2] = -row[: len(row) - len(row) % 2 : 2]
    return scores
''',
        ),
        Edit("words/messages/en.yaml", '  sampler: "independent, or sobol', ", or mirrored"),
        Edit("words/messages/zh.yaml", '  sampler: "independent 或 sobol', " 或 mirrored"),
    )
    house.follow("a sampler", edits)
    told = house.says(
        "-m", "plansim", "run", "plansim/scenarios/template", "--sampler", "mirrored",
        "--draws", "256", "--format", "csv", "--quiet",
    )  # fmt: skip
    assert "total-output-2030" in told
    assert "mirrored" in house.says("-m", "plansim", "run", "--help")


ANSWER = '''"""The clusters of a plan."""

from plansim.reports.tables import Answer, Table
from plansim.store.plans import load
from plansim.words.catalogue import say


def ask(plan: str, lang: str) -> Answer:
    """One row a cluster, and how many there are."""
    names = [c.name.in_language(lang) for c in load(plan, uncalibrated=True).clusters.values()]
    table = Table(("cluster",), tuple((name,) for name in names))
    records = [{"cluster": name} for name in names]
    return Answer(records, [table], below=[say("say.heads", lang, number=len(names))])
'''
#: Where the commands begin in ``cli.py``.
COMMANDS = f"# -- commands {'-' * 86}\n\n\n"
COMMAND = """\
@verb("heads", "heads yuyao-2016")
def heads(plan: PlanArgument, lang: LangOption = LANG, format: FormatOption = "table") -> Answer:
    from plansim.reports.answers.heads import ask

    return ask(plan, lang)


"""


def test_a_command_is_four_files(house: House) -> None:
    edits = (
        Edit("reports/answers/heads.py", "", ANSWER),
        Edit("cli.py", COMMANDS, COMMAND),
        Edit("words/messages/en.yaml", "\nhelp:\n", '  heads: "The clusters of a plan."\n'),
        Edit("words/messages/en.yaml", "\nsay:\n", '  heads: "{number} clusters"\n'),
        Edit("words/messages/zh.yaml", "\nhelp:\n", '  heads: "规划的各集群。"\n'),
        Edit("words/messages/zh.yaml", "\nsay:\n", '  heads: "{number} 个集群"\n'),
    )
    house.follow("a command", edits)
    assert "The clusters of a plan." in house.says("-m", "plansim", "--help")
    template = "plansim/scenarios/template"
    assert "3 个集群" in house.says("-m", "plansim", "heads", template, "--lang", "zh")
    told = house.says("-m", "plansim", "heads", template, "--format", "csv").splitlines()
    assert told[0] == "cluster"
    assert "Machinery" in told


WRITER = '''"""A report as plain text."""

from plansim.reports.book.dossier import Dossier


def text(d: Dossier) -> bytes:
    """The probability of every judged target, one a line."""
    lines = [f"{v.target} {v.probability:.3f}" for v in d.run.judged if v.probability is not None]
    return "\\n".join([*lines, ""]).encode()
'''


def test_a_form_of_report_is_two_files(house: House) -> None:
    edits = (
        Edit("reports/book/heads.py", "", WRITER),
        Edit(
            "reports/book/forms.py",
            "PAGES = {\n",
            '    "txt": Form("plansim.reports.book.heads", "text"),\n',
        ),
    )
    house.follow("a form of report", edits)
    run = ("run", "plansim/scenarios/template", "--draws", "256", "--quiet", "--out", "stored")
    house.says("-m", "plansim", *run)
    house.says("-m", "plansim", "report", "stored", "--format", "txt")
    written = (house.folder.parent / "stored" / "report.txt").read_text(encoding="utf-8")
    assert re.search(r"(?m)^total-output-2030 [01]\.\d{3}$", written)
    assert "txt" in house.says("-m", "plansim", "report", "--help")
