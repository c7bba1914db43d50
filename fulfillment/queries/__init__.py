"""Reads of fulfillment."""
