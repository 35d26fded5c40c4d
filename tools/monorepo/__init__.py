"""Tooling of a repository that holds several distributions of one import package."""
