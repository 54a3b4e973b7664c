"""What can be asked about roles and grants."""
