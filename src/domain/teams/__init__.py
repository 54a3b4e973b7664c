"""Teams, which may lie in each other, and who is in them."""
