"""Calls that are made at somebody else's word: where they may lead, and how they are made."""
