import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../src/demo/services/embedded-kafka.ts";
import { KAFKA_VERSION_FOR_KILLS } from "../../src/demo/services/kafka-jars.ts";
import { during } from "../support/chaos/during.ts";
import { walSender } from "../support/chaos/halt.ts";
import { expectAllDelivered } from "../support/chaos/load.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const OUTAGE_MS = 20_000;
/** Three brokers are restarted on top of it, and 80,000 events wait. */
const OUTAGE_RECOVERY_MS = 60_000;
const RETAINED_BYTES_MAX = 64 * 1024 * 1024;
const RSS_BYTES_MAX = 250 * 1024 * 1024;

let kafka: EmbeddedKafka;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  kafka = await startKafka({ brokers: 3, version: KAFKA_VERSION_FOR_KILLS });
  fixture = await RelayFixture.create("outage", { brokers: kafka.brokers });
  relay = await fixture.streaming({
    RELAY_WAL_SENDER_TIMEOUT: "3s",
    RELAY_STATUS_INTERVAL: "500ms",
    RELAY_RETRY_MAX: "1s",
  });
}, 180_000);

afterAll(async () => {
  await fixture?.close();
  await kafka?.stop();
});

async function rssBytes(): Promise<number> {
  const status = await readFile(`/proc/${relay.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function slotRow(): Promise<{ confirmed: string; retained: number }> {
  const { rows } = await fixture.client.query<{ confirmed: string; retained: number }>(
    `select confirmed_flush_lsn::text as confirmed, (pg_current_wal_lsn() - restart_lsn)::float8 as retained
     from pg_replication_slots where slot_name = $1`,
    [fixture.names.slot],
  );
  return rows[0] as { confirmed: string; retained: number };
}

describe("all brokers down", () => {
  it("keeps memory and the link to Postgres, confirms nothing, and the log is freed afterwards [25: L D O R M W I1]", async () => {
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(relay);
    const sender = await walSender(fixture);
    await Promise.all([0, 1, 2].map((index) => kafka.kill(index)));
    const { confirmed } = await slotRow();
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', 'bulk-' || n % 50, 'T', jsonb_build_object('seq', n, 'fill', repeat(md5(n::text), 32))
       from generate_series(1, 80000) n`,
    );
    let rssMax = 0;
    await during(OUTAGE_MS, async () => {
      rssMax = Math.max(rssMax, await rssBytes());
      expect([await walSender(fixture), (await slotRow()).confirmed]).toEqual([sender, confirmed]);
    });
    expect((await slotRow()).retained).toBeGreaterThan(RETAINED_BYTES_MAX);
    await Promise.all([0, 1, 2].map((index) => kafka.start(index)));
    await expectAllDelivered(fixture, relay, OUTAGE_RECOVERY_MS);
    rssMax = Math.max(rssMax, await rssBytes());
    process.stdout.write(`at most ${Math.round(rssMax / 1024 / 1024)} MiB resident\n`);
    expect(rssMax).toBeLessThan(RSS_BYTES_MAX);
    await until(
      async () => (await slotRow()).retained < RETAINED_BYTES_MAX,
      40_000,
      "the server to free its log",
    );
  }, 180_000);
});
