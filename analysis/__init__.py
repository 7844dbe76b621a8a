"""Questions asked of many runs, one a file. Prints nothing."""
