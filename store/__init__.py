"""Keeps: runs, batches, calibrations; written whole or not at all, and read back."""
