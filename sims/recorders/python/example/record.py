"""Runs the board and two clients through a short story and records it.

    python record.py OUT.jsonl [--fault NAME]

Two people edit. One loses the connection between her edit and its answer, comes back, and sends
the edit again. Then the server is killed and started again. In the end all come to rest.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from client import Client  # noqa: E402
from recorder import Recorder  # noqa: E402


class Server:
    def __init__(self, folder, record, fault):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        store = os.path.join(folder, "store.jsonl")
        self.command = [sys.executable, os.path.join(HERE, "board.py"), "--port", str(self.port)]
        self.command += ["--store", store, "--record", record, "--fault", fault]
        self.url = f"ws://127.0.0.1:{self.port}/board"

    async def start(self):
        self.process = subprocess.Popen(self.command)
        for _ in range(600):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        raise SystemExit("the server did not start")

    def kill(self, recorder):
        self.process.kill()
        self.process.wait()
        recorder.write("crashed")


async def until(what, condition):
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise SystemExit(f"waited in vain: {what}")


async def story(out, fault):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, out, fault)
        operator = Recorder(out, "server")
        await server.start()
        try:
            await act(out, fault, server, operator)
        finally:
            server.process.kill()
            server.process.wait()


async def act(out, fault, server, operator):
    alice = Client("alice", server.url, Recorder(out, "alice"), fault)
    bob = Client("bob", server.url, Recorder(out, "bob"), fault)
    for client in (alice, bob):
        await client.connect()
    for client, field, value in [(alice, "title", "plan"), (bob, "body", "milk"), (alice, "body", "tea")]:
        await client.edit(field, value)
        await until("the ack", lambda: not client.unanswered)
        await asyncio.sleep(0.1)
    # An edit whose answer is lost with the connection is sent again.
    await alice.lose("title", "list")
    await alice.connect()
    await until("the resend", lambda: not alice.unanswered)
    await bob.edit("body", "bread")
    await until("the ack", lambda: not bob.unanswered)
    await asyncio.sleep(0.2)
    for client in (alice, bob):
        await client.close()
    server.kill(operator)
    await server.start()
    for client in (alice, bob):
        await client.connect()
    await asyncio.sleep(0.5)
    operator.write("quiet")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out")
    arguments.add_argument("--fault", default="none")
    arguments = arguments.parse_args()
    if os.path.exists(arguments.out):
        os.remove(arguments.out)
    asyncio.run(story(arguments.out, arguments.fault))


if __name__ == "__main__":
    main()
