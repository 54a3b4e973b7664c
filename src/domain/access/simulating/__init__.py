"""What a change would do to decisions."""
