"""Text in lines: broken between words or Chinese characters."""

import re
from collections.abc import Callable

#: Where a line may break: behind a word or a Chinese character, with the signs that cling to it.
BITS = re.compile(
    r"[（《「『【“‘]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef“‘]+)[，。；：、？！）》」』】”’]*\s*|\s+|."
)


def folded(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Text in lines that fit, broken between words or Chinese characters, or where it must be."""
    lines, line = [], ""
    for bit in BITS.findall(text):
        if fits((line + bit).rstrip()):
            line += bit
            continue
        if line:
            lines.append(line.rstrip())
        line = ""
        for letter in bit:
            if line and not fits(line + letter):
                lines.append(line)
                line = ""
            line += letter
    return [*lines, line.rstrip()]
