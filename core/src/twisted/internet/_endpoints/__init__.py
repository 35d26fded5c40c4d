"""The parts of `twisted.internet.endpoints`."""
