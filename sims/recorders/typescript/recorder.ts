// Records what a client of a sync protocol does, as JSON Lines that `wavetank check` reads without
// a mapping. `recorded` wraps the WebSocket of a browser or of Node; `meaning` says what a message
// is. What people do and see is recorded where it happens, with `Recorder.write`.

export type Meaning = {
  message?: string;
  document?: string;
  seq?: number;
  epoch?: number;
  operation?: string;
  cursor?: number;
};

export type Sink = (line: string) => void;

export class Recorder {
  readonly node: string;
  private readonly sink: Sink;

  constructor(node: string, sink: Sink) {
    this.node = node;
    this.sink = sink;
  }

  write(kind: string, fields: Record<string, unknown> = {}): void {
    const line = { time: Date.now() / 1000, node: this.node, kind, ...fields };
    this.sink(JSON.stringify(line) + "\n");
  }
}

/** A class to be used in place of `base`: `const Socket = recorded(WebSocket, recorder, meaning)`. */
export function recorded<Base extends new (...args: any[]) => WebSocket>(
  base: Base,
  recorder: Recorder,
  meaning: (data: unknown) => Meaning = () => ({}),
): Base {
  return class extends base {
    private readonly connection = crypto.randomUUID();
    private isLocal = false;
    private isOpen = false;

    constructor(...args: any[]) {
      super(...args);
      const { connection } = this;
      recorder.write("dialled", { connection });
      this.addEventListener("open", () => {
        this.isOpen = true;
        recorder.write("opened", { connection });
      });
      this.addEventListener("message", (event: MessageEvent) => {
        recorder.write("delivered", { connection, ...meaning(event.data) });
      });
      this.addEventListener("close", (event: CloseEvent) => {
        const { code } = event;
        const by = this.isLocal ? "local" : code === 1006 ? "network" : "remote";
        recorder.write(this.isOpen ? "closed" : "refused", this.isOpen ? { connection, code, by } : { connection });
      });
    }

    send(data: any): void {
      const live = this.readyState === 1;
      recorder.write("sent", { connection: this.connection, live, ...meaning(data) });
      super.send(data);
    }

    close(code?: number, reason?: string): void {
      this.isLocal = true;
      super.close(code, reason);
    }
  } as Base;
}
