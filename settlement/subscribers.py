"""Handlers of lower apps' events."""
