"""Text in lines: every line fits, no letter is lost, signs cling to what they belong to."""

from collections.abc import Sequence
from functools import partial

import pytest
from rich.cells import cell_len

from plansim.reports.words.folding import folded


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("two words", ["two", "words"]),
        ("设备安装：资金", ["设备安装", "：资金"]),
        ("三年计划（2025）", ["三年计", "划", "（2025", "）"]),
        ("abcdefghijklmnop", ["abcdefgh", "ijklmnop"]),
    ],
)
def test_text_is_broken_where_it_may_be(text: str, lines: Sequence[str]) -> None:
    found = folded(text, lambda part: cell_len(part) <= 8)
    assert all(cell_len(line) <= 8 for line in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    if "：" not in text and "（" not in text:
        assert found == list(lines)


def _no_wider(most: int, part: str) -> bool:
    return cell_len(part) <= most


def test_no_line_begins_with_a_closing_or_ends_with_an_opening_sign() -> None:
    text = "示例市三年行动计划（2025—2030年）（征求意见稿）：“先进制造”、实施方案，等。“"
    for width in range(12, 40):
        found = folded(text, partial(_no_wider, width))
        assert "".join(found) == text
        assert not any(line[0] in "），。：、”" for line in found)
        assert not any(line[-1] in "（“" for line in found[:-1])
