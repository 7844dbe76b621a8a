"""``python -m plansim``: the command line."""

from plansim.cli import main

main()
