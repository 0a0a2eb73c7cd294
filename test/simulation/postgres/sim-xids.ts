/** Numbers of transactions, and which of them are running: what a `pg_snapshot` tells. */
export class SimXids {
  #next = 700n;
  readonly #running = new Set<bigint>();

  begin(): bigint {
    const xid = this.#next;
    this.#next += 1n;
    this.#running.add(xid);
    return xid;
  }

  end(xid: bigint): void {
    this.#running.delete(xid);
  }

  /** All that run are rolled back, as when the server goes away. */
  interrupt(): void {
    this.#running.clear();
  }

  /** `xmin:xmax:xip`. */
  snapshot(): string {
    const running = [...this.#running].toSorted((a, b) => (a < b ? -1 : 1));
    return `${running[0] ?? this.#next}:${this.#next}:${running.join(",")}`;
  }
}

/** What a `pg_snapshot` shows, by the documentation of Postgres. */
export class SimSnapshot {
  readonly xmin: bigint;
  readonly #xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [xmin = "", xmax = "", running = ""] = text.split(":");
    this.xmin = BigInt(xmin);
    this.#xmax = BigInt(xmax);
    this.#running = new Set(running === "" ? [] : running.split(",").map(BigInt));
  }

  shows(xid: bigint): boolean {
    return xid < this.#xmax && !this.#running.has(xid);
  }
}
