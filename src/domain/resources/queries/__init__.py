"""What can be asked about resources."""
