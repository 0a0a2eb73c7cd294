import { execFile } from "node:child_process";
import { chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import { NEWEST_POSTGRES, serverAccount } from "../../../src/demo/services/postgres-binaries.ts";
import { FaultProxy } from "../chaos/fault-proxy.ts";
import { until, withClient } from "../services.ts";

const DEADLINE_MS = 60_000;
/** The physical slot that keeps the log for the standby. */
const STANDBY_SLOT = "standby";
/** From here on a standby can have a primary's logical slots. */
const SLOT_SYNC_MAJOR = 17;

export interface StandbyPairOptions {
  /** 18 unless given. */
  readonly major?: PostgresMajor;
  /** Settings of both servers. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Readers of failover slots get nothing that the standby does not have (`synchronized_standby_slots`; 17 and later). */
  readonly isSynchronized?: boolean;
}

/**
 * A primary and a hot standby behind it by streaming replication, on two ports of 127.0.0.1. With 17 and later the
 * standby synchronises failover slots. npm's binaries hold no pg_basebackup, so the standby begins as a copy of the
 * primary's data folder while that one is down, which the manual allows.
 */
export class StandbyPair {
  readonly major: PostgresMajor;
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly #replication: FaultProxy;

  private constructor(
    major: PostgresMajor,
    primary: PostgresServer,
    standby: PostgresServer,
    replication: FaultProxy,
  ) {
    this.major = major;
    this.primary = primary;
    this.standby = standby;
    this.#replication = replication;
  }

  static async start(options: StandbyPairOptions = {}): Promise<StandbyPair> {
    const { major = NEWEST_POSTGRES, settings = {}, isSynchronized = false } = options;
    const primary = await startPostgres({ major, settings });
    const replication = new FaultProxy();
    try {
      await replication.start();
      const { hostname, port } = new URL(primary.url);
      replication.forwardTo({ host: hostname, port: Number(port) });
      const standby = await startStandby(primary, replication.port, { major, settings });
      const pair = new StandbyPair(major, primary, standby, replication);
      if (isSynchronized) await pair.#synchronize();
      await pair.replicated();
      return pair;
    } catch (error) {
      await primary.stop();
      await replication.stop();
      throw error;
    }
  }

  /** Resolves once the standby has replayed all that the primary has written by now. */
  async replicated(): Promise<void> {
    const [row] = await ask<{ lsn: string }>(
      this.primary,
      "select pg_current_wal_insert_lsn()::text as lsn",
    );
    await until(
      () =>
        holds(this.standby, `pg_last_wal_replay_lsn() >= '${row?.lsn}'::pg_lsn`).catch(() => false),
      DEADLINE_MS,
      `the standby to replay ${row?.lsn}`,
    );
  }

  /**
   * Resolves once the standby has this failover slot for good; 17 and later. A new slot stays temporary there until its
   * reader has moved it on, so somebody must read.
   */
  async slotSynced(slot: string): Promise<void> {
    await until(
      async () => {
        // The worker sleeps up to 30 s while nothing changes; a reload wakes it.
        await ask(this.standby, "select pg_reload_conf()");
        return holds(
          this.standby,
          `exists (select from pg_replication_slots
             where slot_name = '${slot}' and synced and not temporary and invalidation_reason is null)`,
        );
      },
      DEADLINE_MS,
      `slot ${slot} to be synchronised`,
    );
  }

  /** Nothing reaches the standby any more; what the primary writes from now on stays with it. */
  cutReplication(): void {
    this.#replication.refuse();
    this.#replication.cut();
  }

  healReplication(): void {
    this.#replication.heal();
  }

  /** The standby becomes a primary on the next timeline; the old one, if it runs, does not notice. */
  async promote(): Promise<void> {
    await ask(this.standby, "select pg_promote(true, 60)");
    await until(
      () => holds(this.standby, "not pg_is_in_recovery()"),
      DEADLINE_MS,
      "the standby to be promoted",
    );
  }

  /** Ends the primary without a shutdown, as a crash does; its data stay. */
  async killPrimary(): Promise<void> {
    await this.primary.stopImmediate();
  }

  async stop(): Promise<void> {
    await Promise.all([this.standby.stop(), this.primary.stop()]);
    await this.#replication.stop();
  }

  async #synchronize(): Promise<void> {
    await ask(this.primary, `alter system set synchronized_standby_slots = '${STANDBY_SLOT}'`);
    await ask(this.primary, "select pg_reload_conf()");
  }
}

/** The primary is down while it is copied. */
async function startStandby(
  primary: PostgresServer,
  proxyPort: number,
  { major, settings = {} }: StandbyPairOptions,
): Promise<PostgresServer> {
  await ask(primary, `select pg_create_physical_replication_slot('${STANDBY_SLOT}', true)`);
  const [row] = await ask<{ folder: string }>(
    primary,
    "select current_setting('data_directory') as folder",
  );
  const from = row?.folder ?? "";
  const { username, password } = new URL(primary.url);
  const conninfo = `host=127.0.0.1 port=${proxyPort} user=${username} password=${password} dbname=postgres application_name=standby`;
  const standbySettings = {
    primary_conninfo: conninfo,
    primary_slot_name: STANDBY_SLOT,
    hot_standby_feedback: "on",
    wal_retrieve_retry_interval: "200ms",
    wal_receiver_status_interval: "1s",
    ...((major ?? NEWEST_POSTGRES) >= SLOT_SYNC_MAJOR && { sync_replication_slots: "on" }),
    ...settings,
  };
  return startPostgres({
    major: major ?? NEWEST_POSTGRES,
    settings: standbySettings,
    provide: async (folder) => {
      await primary.stopFast();
      await copyAsStandby(from, folder);
      await primary.start();
    },
  });
}

async function copyAsStandby(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, to]);
  // Slots are a server's own: the copied one would keep the standby's log for nobody.
  await rm(join(to, "pg_replslot", STANDBY_SLOT), { recursive: true });
  const signal = join(to, "standby.signal");
  await writeFile(signal, "");
  const account = serverAccount();
  if (account !== undefined) await chown(signal, account.uid, account.gid);
}

async function holds(server: PostgresServer, condition: string): Promise<boolean> {
  const [row] = await ask<{ holds: boolean }>(server, `select ${condition} as holds`);
  return row?.holds === true;
}

function ask<R extends object>(server: PostgresServer, text: string): Promise<R[]> {
  return withClient(server.url, async (client) => (await client.query<R>(text)).rows);
}
