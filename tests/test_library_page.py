"""docs/library.md: what it shows runs, and it shows all that the face hands on."""

import re
from pathlib import Path

import plansim

PAGE = Path(__file__).resolve().parents[1] / "docs" / "library.md"


def examples() -> list[str]:
    """The code blocks of the page."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_name_of_the_face_has_an_example() -> None:
    shown = "\n".join([*examples(), PAGE.read_text(encoding="utf-8")])
    for name in plansim.__all__:
        assert f"plansim.{name}" in shown, name


def test_the_examples_run() -> None:
    space: dict[str, object] = {"__name__": "page"}
    for code in examples():
        exec(compile(code, str(PAGE), "exec"), space)
    assert isinstance(space["plan"], plansim.Plan)
