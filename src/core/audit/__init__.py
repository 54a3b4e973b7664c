"""What makes the audit trail evidence."""
