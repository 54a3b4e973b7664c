"""Roles and grants: who may do what."""
