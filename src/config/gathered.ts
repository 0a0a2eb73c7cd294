/** Where a value came from. */
export interface Origin {
  readonly from: "variable" | "file" | "alias" | "libpq" | "derived" | "default" | "unset";
  /** The variable, or null where there was none. */
  readonly name: string | null;
}

/** Values by the dotted path of their setting, each with its origin. */
export class Gathered {
  readonly #values = new Map<string, unknown>();
  readonly #origins = new Map<string, Origin>();

  set(path: string, value: unknown, origin: Origin): void {
    this.#values.set(path, value);
    this.#origins.set(path, origin);
  }

  /** A part of it came from elsewhere as well; the origin stays. */
  complete(path: string, value: unknown): void {
    this.#values.set(path, value);
  }

  has(path: string): boolean {
    return this.#values.has(path);
  }

  get(path: string): unknown {
    return this.#values.get(path);
  }

  text(path: string): string | null {
    const value = this.#values.get(path);
    return typeof value === "string" ? value : null;
  }

  origin(path: string): Origin | undefined {
    return this.#origins.get(path);
  }

  entries(): Iterable<[string, unknown]> {
    return this.#values.entries();
  }
}
