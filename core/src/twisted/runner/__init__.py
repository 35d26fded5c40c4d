"""Keeping other programs running."""
