import { afterAll, beforeAll } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";

/** A Postgres of one major version for the tests of a block: it starts before the first of them and ends after the last. */
export class MajorServer {
  #server: PostgresServer | null = null;

  constructor(major: PostgresMajor) {
    beforeAll(async () => {
      this.#server = await startPostgres({ major });
    });
    afterAll(() => this.#server?.stop());
  }

  /** Throws before the first test of the block. */
  get url(): string {
    if (this.#server === null) throw new Error("the server of the block does not run yet");
    return this.#server.url;
  }
}
