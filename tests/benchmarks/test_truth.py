"""One run prints the table; a line that nothing measures says so."""

from plansim.benchmarks.truth import LINES, Line, table


def test_a_line_is_what_it_measures_or_says_that_nothing_does() -> None:
    asked: list[str] = []

    def measured() -> str:
        asked.append("once")
        return "0.2"

    head, rule, *rows = table([Line("a", "b", measured), Line("c", "d")])
    assert head.count("|") == rule.count("|") == 4
    assert rows == ["| a | b | 0.2 |", "| c | d | not measured |"]
    assert asked == ["once"]


def test_no_line_breaks_its_table() -> None:
    assert len({line.what for line in LINES}) == len(LINES)
    assert not any("|" in text for line in LINES for text in (line.what, line.required))
