import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { peakResidentBytes } from "../support/chaos/process-memory.ts";
import { deliveryDespite, transactions } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const JUMPING_CLOCK = new URL("../support/chaos/jumping-clock.ts", import.meta.url).href;
const MIB = 1024 * 1024;

let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  fixture = await RelayFixture.create("process", { routes: ["order", "bulk"] });
});

afterEach(async () => {
  await relay.kill();
});

afterAll(async () => {
  await fixture.close();
});

function hasReported(code: RegExp): boolean {
  return relay.lines.some((line) => code.test(line.code ?? ""));
}

describe("a process that", () => {
  it("is blocked for longer than wal_sender_timeout connects again [13: L P D O R]", async () => {
    relay = await fixture.streaming({
      RELAY_WAL_SENDER_TIMEOUT: "3s",
      RELAY_STATUS_INTERVAL: "500ms",
      RELAY_FAILPOINTS: "batch-settled=hang:5s@20",
    });
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      await until(
        // Which it notices first when it wakes up is up to the machine: that the link has ended, or how long it was silent.
        () => hasReported(/^POSTGRES_|^SELF_FENCED$/),
        30_000,
        () => `the end of the link\n${relay.output}`,
      );
      await transactions(workload);
      await fixture.caughtUp(relay, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  it("has a heap of 256 MB takes a transaction of 200 MB in its stride [14: M L P D O]", async () => {
    relay = await fixture.streaming({ NODE_OPTIONS: "--max-old-space-size=256" });
    const { rows } = await fixture.client.query<{ bytes: string }>(
      `with inserted as (
         insert into outbox (aggregatetype, aggregateid, type, payload)
         select 'bulk', 'k' || n % 7, 'Bulk', jsonb_build_object('seq', n, 'fill', repeat(md5(n::text), 310))
           from generate_series(1, 21000) n returning payload)
       select sum(octet_length(payload::text)) as bytes from inserted`,
    );
    expect(Number(rows[0]?.bytes)).toBeGreaterThan(200_000_000);
    await fixture.caughtUp(relay);
    expect(peakResidentBytes(relay.pid)).toBeLessThan(300 * MIB);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("finds its clock an hour ahead and then an hour behind goes on as if nothing were [78: L P D O]", async () => {
    relay = await fixture.streaming({
      NODE_OPTIONS: `--import=${JUMPING_CLOCK}`,
      RELAY_CHECKPOINT_INTERVAL: "200ms",
    });
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      for (let jump = 0; jump < 4; jump++) {
        relay.signal("SIGUSR2");
        await transactions(workload);
        await fixture.caughtUp(relay, 20_000);
      }
    });
    expect(report).toMatchObject(ALL_DELIVERED);
    expect(relay.lines.filter(({ code }) => code !== undefined)).toEqual([]);
    expect(await relay.stop()).toBe(0);
  });
});
