"""Being signed in: sessions, the tokens that stand for them, and how they end."""
