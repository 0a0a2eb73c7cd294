import type { Socket } from "node:net";
import { connect } from "node:net";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { Direction, Target } from "./fault-proxy.ts";

export interface PipeRules {
  delayMs(): number;
  bytesPerSecond(): number;
  /** Called for each piece as it comes; returns how many of its bytes go on. */
  admit(direction: Direction, bytes: number): number;
  /** Whether not even a farewell gets through, as behind a cable that was pulled. */
  isSilent(direction: Direction): boolean;
  closed(): void;
}

/** One connection through the proxy: two sockets, and a queue in each direction that keeps the order. */
export class Pipe {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: PipeRules;
  #isClosed = false;
  #isResetDue = false;

  constructor(client: Socket, target: Target, rules: PipeRules) {
    this.#client = client;
    this.#server = connect(target);
    this.#rules = rules;
    this.#forward(client, this.#server, "to-server");
    this.#forward(this.#server, client, "to-client");
  }

  reset(): void {
    this.#close();
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  /** Resets as soon as what was admitted so far is written. */
  resetWhenSent(): void {
    this.#isResetDue = true;
  }

  #forward(from: Socket, to: Socket, direction: Direction): void {
    from.setNoDelay(true);
    let freeAtMs = 0;
    let last: Promise<void> = Promise.resolve();
    const queue = (work: () => void, wireMs = 0): void => {
      freeAtMs = Math.max(freeAtMs, systemClock.monotonicMs()) + wireMs;
      const arrivesAtMs = freeAtMs + this.#rules.delayMs();
      last = last.then(() => wait(arrivesAtMs)).then(work);
    };
    from.on("data", (piece: Buffer) => {
      const admitted = this.#rules.admit(direction, piece.length);
      if (admitted === 0) return;
      const isLast = this.#isResetDue;
      const wireMs = (admitted / this.#rules.bytesPerSecond()) * 1000;
      queue(() => this.#write(from, to, piece.subarray(0, admitted), isLast), wireMs);
      // A slow wire is felt by the sender: nothing more is taken until this piece is on its way.
      if (wireMs > 0) {
        from.pause();
        systemClock.after(freeAtMs - systemClock.monotonicMs(), () => from.resume());
      }
    });
    const isSilent = (): boolean => this.#rules.isSilent(direction);
    from.on("end", () => isSilent() || queue(() => to.end()));
    from.on("error", () => isSilent() || this.reset());
    from.on("close", () => {
      if (isSilent()) return;
      this.#close();
      queue(() => to.destroySoon());
    });
  }

  #write(from: Socket, to: Socket, bytes: Buffer, isLast: boolean): void {
    if (to.destroyed) return;
    const isRoomLeft = to.write(bytes, () => {
      if (isLast) this.reset();
    });
    if (isRoomLeft) return;
    from.pause();
    to.once("drain", () => from.resume());
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rules.closed();
  }
}

function wait(untilMs: number): Promise<void> | undefined {
  const delayMs = untilMs - systemClock.monotonicMs();
  if (delayMs <= 0) return undefined;
  return new Promise((resolve) => systemClock.after(delayMs, resolve));
}
