"""A broker that keeps what it says it keeps."""

import asyncio

import aio_pika

from tests.support.server import Server


async def start_again(rabbit: Server) -> None:
    """Use a node that has just started for the first time, and start it a second time.

    A node of RabbitMQ 3.10 that is killed seconds after its first start forgets its first quorum queues, whatever it
    has confirmed: seen without anything of ours.
    """
    async with await aio_pika.connect(rabbit.url) as amqp:
        channel = await amqp.channel()
        queue = await channel.declare_queue("first", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"", delivery_mode=2), queue.name)
    await asyncio.to_thread(rabbit.stop)
    await asyncio.to_thread(rabbit.start)
