import { readFile } from "node:fs/promises";
import type { Stalls } from "./stall-watch.ts";

/** Reads what the watch in the relay's process has told. */
export class StallReader {
  readonly #path: string;
  #linesRead = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The longest ones since the last call; zeros where nothing was told meanwhile. */
  async next(): Promise<Stalls> {
    const text = await readFile(this.#path, "utf8").catch(() => "");
    const lines = text.split("\n").slice(this.#linesRead, -1);
    this.#linesRead += lines.length;
    const told = lines.map((line) => JSON.parse(line) as Stalls);
    return {
      stallMs: Math.max(0, ...told.map(({ stallMs }) => stallMs)),
      ownMs: Math.max(0, ...told.map(({ ownMs }) => ownMs)),
    };
  }

  /** Whether anything was told at all. */
  get hasHeard(): boolean {
    return this.#linesRead > 0;
  }
}
