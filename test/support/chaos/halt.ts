import { expect } from "@jest/globals";
import type { RelayFixture } from "../relay/fixture.ts";
import type { RelayProcess, RelayStatus } from "../relay/relay-process.ts";

/**
 * H: what `insert` writes halts the relay in state `failed` with this code, and the slot is not confirmed past what
 * was there before. Look again with `expectNothingConfirmed` right before the cause is removed.
 */
export class Halt {
  readonly #fixture: RelayFixture;
  #before = "";

  constructor(fixture: RelayFixture) {
    this.#fixture = fixture;
  }

  async expect(
    relay: RelayProcess,
    code: string,
    insert: () => Promise<unknown>,
  ): Promise<RelayStatus> {
    const { rows } = await this.#fixture.client.query<{ lsn: string }>(
      "select pg_current_wal_insert_lsn()::text as lsn",
    );
    this.#before = rows[0]?.lsn ?? "0/0";
    await insert();
    const status = await relay.reaches("failed", code);
    await this.expectNothingConfirmed();
    return status;
  }

  async expectNothingConfirmed(): Promise<void> {
    const { rows } = await this.#fixture.client.query<{ holds: boolean }>(
      "select confirmed_flush_lsn <= $1::pg_lsn as holds from pg_replication_slots where slot_name = $2",
      [this.#before, this.#fixture.names.slot],
    );
    expect(rows).toEqual([{ holds: true }]);
  }
}

/** Process id of the server's end of the stream: the same one as long as the link to Postgres lives. */
export async function walSender(fixture: RelayFixture): Promise<number | null> {
  const { rows } = await fixture.client.query<{ pid: number | null }>(
    "select active_pid as pid from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return rows[0]?.pid ?? null;
}
