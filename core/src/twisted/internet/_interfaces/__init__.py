"""The interfaces of `twisted.internet.interfaces`, by subject."""
