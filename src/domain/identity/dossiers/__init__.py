"""Everything that is held about a person, for themselves (GDPR, articles 15 and 20)."""
