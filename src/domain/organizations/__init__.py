"""Organizations and their configuration documents."""
