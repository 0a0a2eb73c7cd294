/** How many different errors are kept: enough for a person, and bounded. */
const ERRORS_MAX = 20;

/** What went wrong, once for all the times it did. */
export interface RecentError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** First and last time, ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

export type Told = Pick<RecentError, "code" | "message" | "hint">;

/** The last errors and warnings; those of the same code and message are one. */
export class RecentErrors {
  readonly #wallMs: () => number;
  readonly #errors = new Map<string, RecentError>();

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** Newest first. */
  get list(): readonly RecentError[] {
    return [...this.#errors.values()].toReversed();
  }

  /** It happened. */
  add(told: Told): void {
    this.#put(told, 1);
  }

  /** It is so now, and may have been counted when it happened. */
  note(told: Told): void {
    this.#put(told, this.#errors.has(keyOf(told)) ? 0 : 1);
  }

  #put(told: Told, times: number): void {
    const { code, message, hint } = told;
    const key = keyOf(told);
    const nowMs = this.#wallMs();
    const known = this.#errors.get(key);
    // A Map keeps the order of insertion: the newest goes to its end.
    this.#errors.delete(key);
    const firstMs = known?.firstMs ?? nowMs;
    const count = (known?.count ?? 0) + times;
    this.#errors.set(key, { code, message, hint, firstMs, lastMs: nowMs, count });
    const [oldest] = this.#errors.keys();
    if (this.#errors.size > ERRORS_MAX && oldest !== undefined) this.#errors.delete(oldest);
  }
}

function keyOf({ code, message }: Told): string {
  return `${code} ${message}`;
}
