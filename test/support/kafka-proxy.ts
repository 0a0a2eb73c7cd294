import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { systemClock } from "../../src/ops/system-clock.ts";
import { correlationIdOfAnswer, correlationIdOfRequest, Frames } from "./kafka-frames.ts";

/** What happens to a request on its way to the broker. */
export type Verdict = "pass" | "cut-request" | "cut-answer" | "swallow" | "swallow-answer" | "hold";

/** Answers a request in the broker's place, or changes what the broker answers. */
export interface Treatment {
  /** When the broker gets the request, ms from now; null: never. What the client sends after it waits for that, too. */
  readonly brokerAfterMs: number | null;
  /** Called once. `truth`: the broker's frame; null where the broker never gets the request. */
  readonly answer: (truth: Buffer | null, reply: Reply) => void;
}

/** The client's end of a connection, for as long as the client is there. */
export interface Reply {
  send(bytes: Buffer): void;
  hangUp(): void;
}

/** Decides by the request's API key (kafka.apache.org/protocol) and its bytes what happens to it. */
export type Judge = (apiKey: number, request: Buffer) => Verdict | Treatment;

/** Sees each answer, and may put another one in its place. */
export type Editor = (apiKey: number, answer: Buffer) => Buffer;

/** A request that waits in the proxy; its connection to the broker stays open for it, whatever the client does. */
export interface HeldRequest {
  readonly request: Buffer;
  /** Hands it to the broker, and resolves with the answer; the client gets it too if it is still there. */
  release(): Promise<Buffer>;
}

/**
 * Stands between a Kafka client and one broker, and cuts connections at chosen requests: before the broker
 * sees one (`cut-request`), or after it has answered and before the client learns (`cut-answer`). A request that it
 * swallows is never answered, and the connection stays; so it does when only the answer is swallowed.
 */
export class KafkaProxy {
  judge: Judge = () => "pass";
  edit: Editor = (_apiKey, answer) => answer;
  /** How many requests it did not let pass. */
  cuts = 0;
  /** Requests that it holds, oldest first; one that is released is no longer here. */
  readonly held: HeldRequest[] = [];
  readonly #server = createServer((client) => new Connection(this, client, this.#brokerPort));
  readonly sockets = new Set<Socket>();
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

  /** Lets everything pass again; what is held stays held. */
  reset(): void {
    this.judge = () => "pass";
    this.edit = (_apiKey, answer) => answer;
    this.cuts = 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** What is known of a request until it is answered. */
interface Owed {
  readonly apiKey: number;
  readonly verdict: Verdict | Treatment;
  readonly answered?: (answer: Buffer) => void;
}

/** One connection through the proxy. */
class Connection {
  readonly #proxy: KafkaProxy;
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #owed = new Map<number, Owed>();
  #holds = 0;
  /** Until then the broker gets nothing that the client sends. */
  #line: Promise<void> | null = null;

  constructor(proxy: KafkaProxy, client: Socket, brokerPort: number) {
    this.#proxy = proxy;
    this.#client = client;
    this.#broker = connect(brokerPort, "127.0.0.1");
    for (const socket of [client, this.#broker]) {
      proxy.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        proxy.sockets.delete(socket);
        this.#hangUp();
      });
    }
    new Frames(client, (frame) => this.#requested(frame));
    new Frames(this.#broker, (frame) => this.#answered(frame));
  }

  #requested(frame: Buffer): void {
    const apiKey = frame.readInt16BE(4);
    const verdict = this.#proxy.judge(apiKey, frame);
    if (verdict !== "pass") this.#proxy.cuts += 1;
    if (typeof verdict === "object") this.#treat(apiKey, frame, verdict);
    else if (verdict === "cut-request") this.#cut();
    else if (verdict === "hold") this.#hold(apiKey, frame);
    else if (verdict !== "swallow") this.#forward(frame, { apiKey, verdict });
  }

  #treat(apiKey: number, frame: Buffer, verdict: Treatment): void {
    const { brokerAfterMs } = verdict;
    if (brokerAfterMs === null) return verdict.answer(null, this.#reply);
    if (brokerAfterMs > 0) {
      const wait = new Promise<void>((resolve) => {
        systemClock.after(brokerAfterMs, resolve);
      });
      this.#line = (this.#line ?? Promise.resolve()).then(() => wait);
    }
    this.#holds += 1;
    this.#forward(frame, { apiKey, verdict });
  }

  #forward(frame: Buffer, owed: Owed): void {
    if (this.#line !== null) {
      this.#line = this.#line.then(() => this.#write(frame, owed));
    } else this.#write(frame, owed);
  }

  #write(frame: Buffer, owed: Owed): void {
    this.#owed.set(correlationIdOfRequest(frame), owed);
    this.#broker.write(frame);
  }

  readonly #reply: Reply = {
    send: (bytes) => {
      if (!this.#client.destroyed) this.#client.write(bytes);
    },
    hangUp: () => this.#hangUp(),
  };

  #hold(apiKey: number, request: Buffer): void {
    this.#holds += 1;
    const held: HeldRequest = {
      request,
      release: () =>
        new Promise((answered) => {
          this.#proxy.held.splice(this.#proxy.held.indexOf(held), 1);
          this.#forward(request, { apiKey, verdict: "hold", answered });
        }),
    };
    this.#proxy.held.push(held);
  }

  #answered(frame: Buffer): void {
    const owed = this.#owed.get(correlationIdOfAnswer(frame));
    if (owed === undefined) return;
    this.#owed.delete(correlationIdOfAnswer(frame));
    if (typeof owed.verdict === "object") {
      this.#holds -= 1;
      owed.verdict.answer(frame, this.#reply);
      if (this.#client.destroyed) this.#hangUp();
      return;
    }
    if (owed.verdict === "cut-answer") return this.#cut();
    const answer = this.#proxy.edit(owed.apiKey, frame);
    if (owed.verdict !== "swallow-answer" && !this.#client.destroyed) this.#client.write(answer);
    if (owed.verdict !== "hold") return;
    this.#holds -= 1;
    owed.answered?.(answer);
    if (this.#client.destroyed) this.#hangUp();
  }

  #cut(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }

  /** One side is gone; the broker's stays while something is held for it. */
  #hangUp(): void {
    this.#client.destroy();
    if (this.#holds === 0) this.#broker.destroy();
  }
}
