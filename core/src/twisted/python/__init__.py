"""Foundations that know nothing of the network: failures, paths, options, reflection."""
