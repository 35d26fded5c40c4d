"""Protocols of mice."""
