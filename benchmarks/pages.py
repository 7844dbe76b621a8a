"""What a script writes into a page of docs: tables in Markdown, between two marks."""

from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table; ``right``: columns of numbers, by their place."""
    rules = ["---:" if place in right else "---" for place in range(len(heads))]
    lines = [" ".join(("|", " | ".join(cells), "|")) for cells in (heads, rules, *rows)]
    return "\n".join(line.replace("\n", " ") for line in lines)


def written(page: str, name: str, text: str) -> str:
    """The page with a text between its marks. Raises ValueError where it lacks them."""
    begin, end = marks(name)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"no marks of {name}")
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"


def marks(name: str) -> tuple[str, str]:
    """What stands before and behind what a script writes."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def put(path: Path, name: str, text: str) -> None:
    """Write a text into a page, between its marks."""
    path.write_text(written(path.read_text(encoding="utf-8"), name, text), encoding="utf-8")
