"""The report of a stored run, in four forms."""
