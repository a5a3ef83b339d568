"""A small server of a shared document: numbered events, acks, resends that are recognised.

    python board.py --port 8000 --store store.json --record server.jsonl

`--fault` builds in one of the bugs that such servers have:

- `unsafe-ack`: answers an edit before it is stored, and stores with the next one (write-behind);
- `forget-resends`: does not recognise an edit that it has stored already;
- `drop-broadcast`: leaves one event out of what it tells clients, and goes on.
"""

import argparse
import asyncio
import json
import os
import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from recorder import Recorder, RecordingMiddleware  # noqa: E402

DOCUMENT = "board"


def meaning(text):
    """What the messages of this protocol are, for the recorder."""
    message = json.loads(text)
    return {
        "message": {"edit": "op", "join": "hello"}.get(message["type"], message["type"]),
        "document": DOCUMENT,
        "seq": message.get("seq"),
        "cursor": message.get("have"),
        "operation": message.get("id"),
    }


class Store:
    """The events of the document in a file: what is in it is saved."""

    def __init__(self, path, recorder):
        self.path, self.recorder, self.events = path, recorder, []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.events = [json.loads(line) for line in file]

    def append(self, event):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.events.append(event)
        self.recorder.write(
            "committed",
            document=DOCUMENT,
            seq=event["seq"],
            operation=event["id"],
            client=event["author"],
            values={event["field"]: event["value"]},
        )


class Board:
    def __init__(self, store, fault):
        self.store, self.fault, self.clients = store, fault, set()
        self.waiting = None

    def content(self):
        content = {}
        for event in self.store.events:
            content[event["field"]] = event["value"]
        return content

    async def edit(self, socket, message):
        known = any(event["id"] == message["id"] for event in self.store.events)
        if self.fault == "unsafe-ack":
            await socket.send_json({"type": "ack", "id": message["id"]})
            if not known and (self.waiting is None or self.waiting["id"] != message["id"]):
                message, self.waiting = self.waiting, message
                if message is not None:
                    await self.commit(message)
            return
        if not known or self.fault == "forget-resends":
            await self.commit(message)
        await socket.send_json({"type": "ack", "id": message["id"]})

    async def commit(self, message):
        event = {key: message[key] for key in ("id", "author", "field", "value")}
        event = {"type": "event", "seq": len(self.store.events) + 1, **event}
        self.store.append(event)
        if self.fault == "drop-broadcast" and event["seq"] == 3:
            return
        for client in list(self.clients):
            try:
                await client.send_json(event)
            except (RuntimeError, WebSocketDisconnect):
                self.clients.discard(client)


def application(board, recorder):
    app = FastAPI()

    @app.websocket("/board")
    async def serve(socket: WebSocket):
        await socket.accept()
        try:
            while True:
                message = await socket.receive_json()
                if message["type"] == "join":
                    seq = len(board.store.events)
                    snapshot = {"type": "snapshot", "seq": seq, "content": board.content()}
                    await socket.send_json(snapshot)
                    board.clients.add(socket)
                elif message["type"] == "edit":
                    await board.edit(socket, message)
        except WebSocketDisconnect:
            pass
        finally:
            board.clients.discard(socket)

    app.add_middleware(RecordingMiddleware, recorder=recorder, meaning=meaning)
    return app


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--store", required=True)
    arguments.add_argument("--record", required=True)
    arguments.add_argument("--fault", default="none")
    arguments = arguments.parse_args()
    recorder = Recorder(arguments.record, "server")
    recorder.write("restarted" if os.path.exists(arguments.store) else "started")
    board = Board(Store(arguments.store, recorder), arguments.fault)
    config = uvicorn.Config(
        application(board, recorder), host="127.0.0.1", port=arguments.port, log_level="warning"
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
