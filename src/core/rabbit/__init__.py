"""Events out through RabbitMQ."""
