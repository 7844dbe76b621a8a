"""What draws: every picture takes plain records and gives the bytes of a file."""
