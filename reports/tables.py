"""What the commands print: tables of text, and records for csv and json."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by their key in the catalogue; cells are text.

    ``right``: columns of numbers; ``optional``: columns that a narrow screen goes without, the
    first to go first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    title: str = ""

    def without(self, column: str) -> "Table":
        """The table with one column less."""
        place = self.columns.index(column)
        rows = tuple(row[:place] + row[place + 1 :] for row in self.rows)
        columns = tuple(c for c in self.columns if c != column)
        optional = tuple(c for c in self.optional if c != column)
        return replace(self, columns=columns, rows=rows, optional=optional)
