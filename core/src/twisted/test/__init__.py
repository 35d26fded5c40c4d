"""Helpers for tests of programs, under the names that they have had since long."""
