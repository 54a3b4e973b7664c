"""What can be changed about roles and grants."""
