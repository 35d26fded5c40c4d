"""Zones: their master files (RFC 1035 §5), the database of their records, and what it answers."""
