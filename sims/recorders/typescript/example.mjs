// Drives the recorder with a socket that is answered at once: node example.mjs RECORDER.js
import { pathToFileURL } from "node:url";

const { Recorder, recorded } = await import(pathToFileURL(process.argv[2]).href);

class Socket extends EventTarget {
  readyState = 0;
  say(type, fields) {
    this.dispatchEvent(Object.assign(new Event(type), fields));
  }
  open() {
    this.readyState = 1;
    this.say("open");
  }
  send(data) {
    const { type, id } = JSON.parse(data);
    if (type === "join") this.say("message", { data: JSON.stringify({ type: "snapshot", seq: 7 }) });
    if (type === "edit") this.say("message", { data: JSON.stringify({ type: "event", seq: 8, id }) });
  }
  close(code) {
    this.readyState = 3;
    this.say("close", { code });
  }
}

const kinds = { join: "hello", edit: "op" };
const meaning = (data) => {
  const { type, seq, id } = JSON.parse(data);
  return { message: kinds[type] ?? type, document: "board", seq, operation: id };
};
const recorder = new Recorder("alice", (line) => process.stdout.write(line));
recorder.write("started");
const socket = new (recorded(Socket, recorder, meaning))("ws://board");
socket.open();
socket.send(JSON.stringify({ type: "join" }));
recorder.write("shown", { document: "board", seq: 7, values: {} });
recorder.write("given", { operation: "one", values: { title: "plan" } });
socket.send(JSON.stringify({ type: "edit", id: "one" }));
recorder.write("shown", { document: "board", seq: 8, values: { title: "plan" } });
socket.close(1000);
