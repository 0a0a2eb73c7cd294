import type { Client } from "pg";

/**
 * The plugin we give to `pg-logical-replication`: what the library's own parsers would do to a row
 * (JSON.parse, dates) costs precision, so bytes pass as they are.
 */
export class CapturePlugin {
  readonly name = "pgoutput";
  /** Part of the library's type; unused. */
  readonly options = {};
  readonly #start: (client: Client) => Promise<void>;
  readonly #message: (bytes: Uint8Array) => void;

  /** `message` must not throw. */
  constructor(start: (client: Client) => Promise<void>, message: (bytes: Uint8Array) => void) {
    this.#start = start;
    this.#message = message;
  }

  /** Called by the library on the fresh connection; settles when the stream has ended. */
  start(client: Client): Promise<void> {
    return this.#start(client);
  }

  parse(bytes: Uint8Array): void {
    this.#message(bytes);
  }
}
