"""Where something is, and how fast it moves, as receivers of satellite navigation tell."""
