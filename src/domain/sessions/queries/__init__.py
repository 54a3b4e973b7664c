"""What can be asked about sessions."""
