"""Consume Gatewright's events: each once, in order, from RabbitMQ or over HTTP."""
