import { execFile } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { withClient } from "../services.ts";

/** A copy of a server's data folder, for a test that sets the server back. A test connects again after each step. */
export class DataCopy {
  readonly #server: PostgresServer;
  readonly #folder: string;

  private constructor(server: PostgresServer, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  /** The server is down while it is copied. */
  static async take(server: PostgresServer): Promise<DataCopy> {
    const folder = await withClient(server.url, async (client) => {
      const { rows } = await client.query<{ folder: string }>(
        "select current_setting('data_directory') as folder",
      );
      return rows[0]?.folder ?? "";
    });
    await server.stopFast();
    await promisify(execFile)("cp", ["-a", folder, `${folder}.copy`]);
    await server.start();
    return new DataCopy(server, folder);
  }

  /** Once: what was written since the copy was taken is gone. */
  async restore(): Promise<void> {
    await this.#server.stopFast();
    await rm(this.#folder, { recursive: true });
    await rename(`${this.#folder}.copy`, this.#folder);
    await this.#server.start();
  }
}
