"""Visibility groups: walls that only some may look behind."""
