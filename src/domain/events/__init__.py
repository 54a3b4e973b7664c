"""What was announced, in the order in which everybody sees it."""
