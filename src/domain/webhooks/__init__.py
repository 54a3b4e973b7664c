"""Endpoints of others that are told what happens, by signed HTTP requests."""
