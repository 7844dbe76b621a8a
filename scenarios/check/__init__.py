"""A plan's own arithmetic: what its figures imply, and where they contradict one another.

Identities and interval arithmetic over the stated figures and their rounding; no random number.
Every rule knows indicators by what they are made of, never by the plan they come from.
"""

from plansim.scenarios.check.findings import Finding
from plansim.scenarios.check.rules import check

__all__ = ["Finding", "check"]
