"""Reference classes: how often real industries did what a plan asks for."""

from calibration.reference import Percentile, percentile, share_below

__all__ = ["Percentile", "percentile", "share_below"]
