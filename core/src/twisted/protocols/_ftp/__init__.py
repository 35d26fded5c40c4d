"""The parts of `twisted.protocols.ftp`."""
