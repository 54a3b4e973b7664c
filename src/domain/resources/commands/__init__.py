"""What can be done with resources."""
