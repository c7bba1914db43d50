"""Measurements of the hot paths, each beside its limit."""
