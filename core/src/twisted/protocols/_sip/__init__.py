"""The parts of `twisted.protocols.sip`."""
