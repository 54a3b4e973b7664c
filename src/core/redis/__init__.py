"""Adapters on Redis: nothing in it is the only copy."""
