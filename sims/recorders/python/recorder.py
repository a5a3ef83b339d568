"""Records what a server or a client of a sync protocol does, as JSON Lines that `wavetank check`
reads without a mapping.

As pure ASGI middleware around a FastAPI or Starlette application it records WebSocket connections
and their messages; `meaning` says what a message is. Contents and commits are recorded where they
happen, with `Recorder.write`.
"""

import json
import threading
import time
import uuid


class Recorder:
    """Appends lines to a file, one whole line at a time."""

    def __init__(self, path, node):
        self._file, self._node, self._lock = open(path, "a", encoding="utf-8"), node, threading.Lock()

    def write(self, kind, **fields):
        line = {"time": round(time.time(), 6), "node": self._node, "kind": kind}
        line.update((key, value) for key, value in fields.items() if value is not None)
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def no_meaning(message):
    """Takes a message (a text, or bytes) and names what it is: message, document, seq, epoch,
    operation, cursor, client."""
    return {}


class RecordingMiddleware:
    """`app.add_middleware(RecordingMiddleware, recorder=recorder, meaning=meaning)`"""

    def __init__(self, app, recorder, meaning=no_meaning):
        self.app, self.recorder, self.meaning = app, recorder, meaning

    async def __call__(self, scope, receive, send):
        if scope["type"] != "websocket":
            return await self.app(scope, receive, send)
        write, connection = self.recorder.write, str(uuid.uuid4())

        def content(event):
            return event["text"] if event.get("text") is not None else event.get("bytes")

        async def recorded_receive():
            event = await receive()
            if event["type"] == "websocket.receive":
                write("delivered", connection=connection, **self.meaning(content(event)))
            elif event["type"] == "websocket.disconnect":
                write("closed", connection=connection, code=event.get("code", 1005), by="remote")
            return event

        async def recorded_send(event):
            if event["type"] == "websocket.accept":
                write("opened", connection=connection)
            elif event["type"] == "websocket.send":
                write("sent", connection=connection, **self.meaning(content(event)))
            elif event["type"] == "websocket.close":
                write("closed", connection=connection, code=event.get("code", 1000), by="local")
            await send(event)

        await self.app(scope, recorded_receive, recorded_send)
