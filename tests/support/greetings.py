"""What each kind of server answers as soon as it is ready, whoever asks."""

import struct

import bson

POSTGRES_HELLO = struct.pack(">iHH", 8, 1234, 5679)
"""The request for TLS: the answer is a letter."""

REDIS_HELLO = b"PING\r\n"

AMQP_HELLO = b"AMQP\0\0\x09\x01"

_HELLO = bson.encode({"hello": 1, "$db": "admin"})
MONGO_HELLO = struct.pack("<iiiiIB", 21 + len(_HELLO), 1, 0, 2013, 0, 0) + _HELLO
"""An `OP_MSG` with one document."""
