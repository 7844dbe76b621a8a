"""What commands answer: one file a command, named like it."""
