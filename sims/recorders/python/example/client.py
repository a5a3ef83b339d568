"""A client of the board: shows the document, edits it, and sends again what was not answered.

`fault` builds in a bug of a client: `stale-snapshot` draws a snapshot that it had kept from its
last connection over newer content.
"""

import asyncio
import json
import uuid

import websockets

from board import DOCUMENT, meaning


class Client:
    def __init__(self, name, url, recorder, fault="none"):
        self.name, self.url, self.recorder, self.fault = name, url, recorder, fault
        self.seq, self.content = 0, {}
        # What has no answer yet, and what lies on top of the content until its event comes.
        self.unanswered, self.overlay = {}, {}
        self.kept = None
        self.socket = self.reader = None
        recorder.write("started")

    async def connect(self):
        self.connection = str(uuid.uuid4())
        self.write("dialled", to="server")
        self.socket = await websockets.connect(self.url)
        self.write("opened")
        self.reader = asyncio.create_task(self.read(self.socket))
        await self.send({"type": "join", "name": self.name, "have": self.seq})
        for edit in list(self.unanswered.values()):
            await self.send(edit)

    def write(self, kind, **fields):
        self.recorder.write(kind, connection=self.connection, **fields)

    async def send(self, message):
        text = json.dumps(message)
        self.write("sent", **meaning(text))
        await self.socket.send(text)

    async def edit(self, field, value):
        edit = {"type": "edit", "id": str(uuid.uuid4()), "author": self.name}
        edit.update(field=field, value=value)
        self.unanswered[edit["id"]] = self.overlay[edit["id"]] = edit
        self.recorder.write("given", operation=edit["id"], document=DOCUMENT, values={field: value})
        self.recorder.write("told", operation=edit["id"], state="pending")
        self.show({field: value})
        await self.send(edit)

    async def read(self, socket):
        try:
            async for text in socket:
                self.write("delivered", **meaning(text))
                self.take(json.loads(text))
        except websockets.ConnectionClosed:
            pass

    def take(self, message):
        if message["type"] == "snapshot":
            if self.fault == "stale-snapshot" and self.kept is not None:
                self.seq, self.content = self.kept
            else:
                self.seq, self.content = message["seq"], dict(message["content"])
            self.overlay = dict(self.unanswered)
            self.show(self.content, whole=True)
            self.recorder.write("status", state="live")
        elif message["type"] == "event":
            # Whoever takes each event as it comes does not notice that one is missing.
            self.seq = message["seq"]
            self.content[message["field"]] = message["value"]
            self.unanswered.pop(message["id"], None)
            self.overlay.pop(message["id"], None)
            self.show({message["field"]: message["value"]})
            if self.kept is None:
                self.kept = (self.seq, dict(self.content))
        elif message["type"] == "ack":
            self.unanswered.pop(message["id"], None)
            self.recorder.write("told", operation=message["id"], state="saved")

    def show(self, values, whole=None):
        """Shows some fields, or the whole content, with the edits of its own on top."""
        values = dict(values)
        for edit in self.overlay.values():
            if whole or edit["field"] in values:
                values[edit["field"]] = edit["value"]
        self.recorder.write("shown", document=DOCUMENT, seq=self.seq, values=values, whole=whole)

    async def lose(self, field, value):
        """Makes an edit and loses the connection before anything comes back."""
        self.reader.cancel()
        await self.edit(field, value)
        await asyncio.sleep(0.3)
        self.socket.transport.abort()
        self.write("closed", code=1006, by="network")
        self.recorder.write("status", state="reconnecting")

    async def close(self):
        self.write("closed", code=1000, by="local")
        self.recorder.write("status", state="closed")
        await self.socket.close()
        await self.reader
