import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { Pipe } from "./pipe.ts";

/** Seen from the client, which is always the relay here. */
export type Direction = "to-server" | "to-client";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Stands between a client and a server and does to their connections what networks do. Knows no protocol.
 * Every fault holds for the connections that are there and for those to come, until `heal`; only `cut` and
 * `cutAfter` are over once they have struck.
 */
export class FaultProxy {
  readonly #server = createServer((client) => this.#serve(client));
  readonly #pipes = new Set<Pipe>();
  #target: Target | null = null;
  #isRefusing = false;
  readonly #silent = new Set<Direction>();
  readonly #stranded = new Set<Pipe>();
  #delayMs = 0;
  #bytesPerSecond = Infinity;
  #cutAfter: { readonly direction: Direction; left: number } | null = null;
  /** Connections that were cut by us so far. */
  cuts = 0;
  /** Connections that came so far, refused ones too. */
  arrivals = 0;

  /** Listens on a free port of 127.0.0.1 and returns it; `forwardTo` must follow before a client comes. */
  async start(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pipes.size;
  }

  /** Where connections to come go; those that are there stay. */
  forwardTo(target: Target): void {
    this.#target = target;
  }

  /** Resets every connection, both ends of it. */
  cut(): void {
    this.cuts += this.#pipes.size;
    for (const pipe of [...this.#pipes]) pipe.reset();
  }

  /** Resets each new connection at once. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Nothing passes in either direction, and nobody is told: connections stay open, new ones are taken. */
  blackhole(): void {
    this.silence("to-server");
    this.silence("to-client");
  }

  /**
   * Leaves the connections that are there half open: nothing passes any more, no farewell either, while new ones
   * are served. So it is when a firewall between the two forgets what it knew.
   */
  strand(): void {
    for (const pipe of this.#pipes) this.#stranded.add(pipe);
  }

  /** What comes from one side is taken and thrown away, its farewell too. */
  silence(direction: Direction): void {
    this.#silent.add(direction);
  }

  /** Each piece arrives this much later, in its order. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** In each direction of each connection. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resets the connection that carries the last of so many further bytes, right after it. */
  cutAfter(bytes: number, direction: Direction): void {
    this.#cutAfter = { direction, left: bytes };
  }

  /** Everything passes again. Bytes that were thrown away stay lost, so such connections are reset. */
  heal(): void {
    if (this.#silent.size > 0) this.cut();
    for (const pipe of [...this.#stranded]) pipe.reset();
    this.#isRefusing = false;
    this.#silent.clear();
    this.#delayMs = 0;
    this.#bytesPerSecond = Infinity;
    this.#cutAfter = null;
  }

  async stop(): Promise<void> {
    for (const pipe of [...this.#pipes]) pipe.reset();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(client: Socket): void {
    this.arrivals += 1;
    if (this.#isRefusing || this.#target === null) {
      client.resetAndDestroy();
      return;
    }
    const pipe = new Pipe(client, this.#target, {
      delayMs: () => this.#delayMs,
      bytesPerSecond: () => this.#bytesPerSecond,
      admit: (direction, bytes) => this.#admit(pipe, direction, bytes),
      isSilent: (direction) => this.#silent.has(direction) || this.#stranded.has(pipe),
      closed: () => {
        this.#pipes.delete(pipe);
        this.#stranded.delete(pipe);
      },
    });
    this.#pipes.add(pipe);
  }

  /** How much of a piece goes on. */
  #admit(pipe: Pipe, direction: Direction, bytes: number): number {
    if (this.#silent.has(direction) || this.#stranded.has(pipe)) return 0;
    const cut = this.#cutAfter;
    if (cut?.direction !== direction) return bytes;
    cut.left -= bytes;
    if (cut.left > 0) return bytes;
    this.#cutAfter = null;
    this.cuts += 1;
    pipe.resetWhenSent();
    return bytes + cut.left;
  }
}
