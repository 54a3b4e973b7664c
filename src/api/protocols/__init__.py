"""Hand-written handlers, where HTTP itself is the protocol."""
