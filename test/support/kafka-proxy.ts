import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** What happens to a request on its way to the broker. */
export type Verdict = "pass" | "cut-request" | "cut-answer" | "swallow";

/** Decides by the request's API key (kafka.apache.org/protocol) what happens to it. */
export type Judge = (apiKey: number) => Verdict;

const SIZE_BYTES = 4;

/**
 * Stands between a Kafka client and one broker, and cuts connections at chosen requests: before the broker
 * sees one (`cut-request`), or after it has answered and before the client learns (`cut-answer`). A request that it
 * swallows is never answered, and the connection stays.
 */
export class KafkaProxy {
  judge: Judge = () => "pass";
  /** How many requests it cut off. */
  cuts = 0;
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  #brokerPort = 0;

  /** Listens on a free port of the loopback interface, and returns it; `forwardTo` must follow before a client comes. */
  async start(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  forwardTo(brokerPort: number): void {
    this.#brokerPort = brokerPort;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(client: Socket): void {
    const broker = connect(this.#brokerPort, "127.0.0.1");
    const cut = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", cut);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    let isAnswerFatal = false;
    new Frames(client, (frame) => {
      const verdict = this.judge(frame.readInt16BE(SIZE_BYTES));
      if (verdict !== "pass") this.cuts += 1;
      if (verdict === "cut-request") return cut();
      if (verdict === "swallow") return;
      isAnswerFatal ||= verdict === "cut-answer";
      broker.write(frame);
    });
    new Frames(broker, (frame) => {
      if (isAnswerFatal) cut();
      else client.write(frame);
    });
  }
}

/** Cuts a stream of bytes into the protocol's frames: four bytes of size, then as many bytes. */
class Frames {
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket, handle: (frame: Buffer) => void) {
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (let frame = this.#take(); frame !== null; frame = this.#take()) handle(frame);
    });
  }

  #take(): Buffer | null {
    if (this.#bytes.length < SIZE_BYTES) return null;
    const end = SIZE_BYTES + this.#bytes.readInt32BE(0);
    if (this.#bytes.length < end) return null;
    const frame = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return frame;
  }
}
