"""Who did what to whom, from where, and how it ended."""
