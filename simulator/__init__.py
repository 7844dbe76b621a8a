"""The engine: simulates a plan and judges its targets. Opens no file, prints nothing."""
