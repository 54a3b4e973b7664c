"""Telling webhooks what the log says."""
