"""Objects to expressions, and back: no transport, no clock."""
