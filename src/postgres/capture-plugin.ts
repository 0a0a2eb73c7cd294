import type { Client } from "pg";

/**
 * The plugin we give to `pg-logical-replication`: it starts the stream. What comes over it never reaches the library, whose
 * parsers cost a row its precision (JSON.parse, dates) and time (`CaptureLink`).
 */
export class CapturePlugin {
  readonly name = "pgoutput";
  /** Part of the library's type; unused. */
  readonly options = {};
  readonly #start: (client: Client) => Promise<void>;

  constructor(start: (client: Client) => Promise<void>) {
    this.#start = start;
  }

  /** Called by the library on the fresh connection; settles when the stream has ended. */
  start(client: Client): Promise<void> {
    return this.#start(client);
  }

  /** Part of the library's type; nothing gets here. */
  parse(): never {
    throw new Error("the library was handed a message of the stream");
  }
}
