"""What is kept in Redis: rebuildable, never the only copy."""
