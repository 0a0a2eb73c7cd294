import type { Lsn } from "../../../../src/relay/lsn.ts";
import { parseLsn } from "../../../../src/relay/lsn.ts";
import type { RelayFixture } from "../../../support/relay/fixture.ts";

/** What Postgres says of the relay's slot. */
export class Slot {
  readonly #fixture: RelayFixture;

  constructor(fixture: RelayFixture) {
    this.#fixture = fixture;
  }

  /** Null while there is none. */
  async confirmed(): Promise<Lsn | null> {
    const { rows } = await this.#fixture.client.query<{ lsn: string | null }>(
      "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
      [this.#fixture.names.slot],
    );
    const lsn = rows[0]?.lsn ?? null;
    return lsn === null ? null : parseLsn(lsn);
  }

  async isHeld(): Promise<boolean> {
    const { rows } = await this.#fixture.client.query(
      "select from pg_replication_slots where slot_name = $1 and active",
      [this.#fixture.names.slot],
    );
    return rows.length > 0;
  }

  async walEnd(): Promise<Lsn> {
    const { rows } = await this.#fixture.client.query<{ lsn: string }>(
      "select pg_current_wal_insert_lsn()::text as lsn",
    );
    return parseLsn(rows[0]?.lsn ?? "0/0");
  }

  /** A little WAL, so that the server tells of its end. */
  async touch(): Promise<void> {
    await this.#fixture.client.query("select pg_logical_emit_message(true, 'hostile', '')");
  }
}
