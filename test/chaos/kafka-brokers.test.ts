import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { walSender } from "../support/chaos/halt.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { expectAllDelivered, publishes, underLoad } from "../support/chaos/load.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const OUTAGE_MS = 20_000;
const RETAINED_BYTES_MAX = 64 * 1024 * 1024;
const RSS_BYTES_MAX = 250 * 1024 * 1024;
/** A server that has not heard from the relay for 3 s ends the stream. */
const SETTINGS = {
  RELAY_WAL_SENDER_TIMEOUT: "3s",
  RELAY_STATUS_INTERVAL: "500ms",
  RELAY_KAFKA_REQUEST_TIMEOUT: "3s",
  RELAY_RETRY_MAX: "1s",
};

let rig: KafkaRig;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  rig = await KafkaRig.start({ brokers: 3 });
}, 180_000);

afterAll(() => rig?.stop());

async function startRelay(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  fixture = await RelayFixture.create("brokers", { brokers: rig.kafka.brokers, partitions: 6 });
  relay = await fixture.streaming({ ...rig.settings, ...SETTINGS, ...settings });
}

afterEach(async () => {
  rig.heal();
  for (const index of [0, 1, 2]) {
    rig.kafka.thaw(index);
    await rig.kafka.start(index);
  }
  await fixture.close();
});

/** Calls `look` again and again for so long: an outage lasts, whatever happens in it. */
async function during(ms: number, look: () => Promise<void>): Promise<void> {
  const endsAtMs = performance.now() + ms;
  const isOver = async (): Promise<boolean> => {
    await look();
    return performance.now() > endsAtMs;
  };
  await until(isOver, ms + 30_000, "the outage to end");
}

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

describe("one broker of three", () => {
  it("that is silent to clients holds records up, and the link to Postgres lives on [24: L D O R]", async () => {
    await startRelay();
    const sender = await walSender(fixture);
    await underLoad(fixture, async () => {
      rig.wires[1]?.blackhole();
      await during(7_000, async () => {
        expect(await walSender(fixture)).toBe(sender);
      });
      expect((await relay.status()).state).toBe("streaming");
      rig.heal();
      await publishes(relay, 20);
    });
    expect(await walSender(fixture)).toBe(sender);
    await expectAllDelivered(fixture, relay);
  });

  it("that hangs, the first one of the settings, is done without [24: L D O R]", async () => {
    await startRelay();
    const sender = await walSender(fixture);
    await underLoad(fixture, async () => {
      rig.kafka.freeze(0);
      await until(
        async () => !(await relay.status()).kafka.reachable,
        20_000,
        () => `the relay to notice\n${relay.output}`,
      );
      await publishes(relay, 100);
      rig.kafka.thaw(0);
    });
    expect(await walSender(fixture)).toBe(sender);
    await expectAllDelivered(fixture, relay);
  });
});

describe("all brokers down", () => {
  it("keeps memory and the link to Postgres, confirms nothing, and the log is freed afterwards [25: L D O R M W I1]", async () => {
    await startRelay();
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(relay);
    const sender = await walSender(fixture);
    await Promise.all([0, 1, 2].map((index) => rig.kafka.kill(index)));
    const { confirmed } = await slotRow();
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', 'bulk-' || n % 50, 'T', jsonb_build_object('seq', n, 'fill', repeat(md5(n::text), 32))
       from generate_series(1, 100000) n`,
    );
    let rssMax = 0;
    await during(OUTAGE_MS, async () => {
      rssMax = Math.max(rssMax, await rssBytes());
      expect([await walSender(fixture), (await slotRow()).confirmed]).toEqual([sender, confirmed]);
    });
    expect((await slotRow()).retained).toBeGreaterThan(RETAINED_BYTES_MAX);
    await Promise.all([0, 1, 2].map((index) => rig.kafka.start(index)));
    await expectAllDelivered(fixture, relay);
    rssMax = Math.max(rssMax, await rssBytes());
    process.stdout.write(`at most ${Math.round(rssMax / 1024 / 1024)} MiB resident\n`);
    expect(rssMax).toBeLessThan(RSS_BYTES_MAX);
    await until(
      async () => (await slotRow()).retained < RETAINED_BYTES_MAX,
      40_000,
      "the server to free its log",
    );
  });
});

describe.each(["v1", "v2"])(
  "brokers that are restarted one after the other, in protocol %s",
  (protocol) => {
    it("transaction coordinators and controller among them, cost nothing [29: L D O R]", async () => {
      await startRelay({ RELAY_TRANSACTION_PROTOCOL: protocol });
      await underLoad(fixture, async () => {
        for (const index of [0, 1, 2]) {
          await rig.kafka.shutDown(index);
          await publishes(relay, 20);
          await rig.kafka.start(index);
          await publishes(relay, 20);
        }
      });
      await expectAllDelivered(fixture, relay);
      expect(relay.lines.filter(({ state }) => state === "failed" || state === "standby")).toEqual(
        [],
      );
    });
  },
);
