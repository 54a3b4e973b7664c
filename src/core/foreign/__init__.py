"""Password hashes that others made: parsed strictly, bounded in what they cost, verified."""
