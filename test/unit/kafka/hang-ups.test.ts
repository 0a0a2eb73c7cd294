import { describe, expect, it } from "@jest/globals";
import { RefusingBrokers, row } from "./refusing-brokers.ts";

const PRODUCE = 0;
const SETTING = "socket.request.max.bytes";
const MIB = 1_048_576;

/** Brokers that take larger records than requests. */
function brokersWith(
  delivery: "exactly-once" | "at-least-once",
  requestBytesMax: number,
): RefusingBrokers {
  const brokers = new RefusingBrokers({ delivery });
  const { config } = brokers.cluster.createTopic("events", 1);
  config.set("max.message.bytes", String(8 * MIB));
  brokers.hangsUp = ({ apiKey, payload }) => apiKey === PRODUCE && payload.length > requestBytesMax;
  return brokers;
}

describe.each(["exactly-once", "at-least-once"] as const)(
  "with %s delivery a request that brokers hang up on",
  (delivery) => {
    it("ends with the row's name and socket.request.max.bytes, and the row is not sent again", async () => {
      const brokers = brokersWith(delivery, MIB);
      brokers.cluster.brokerConfig.set(SETTING, String(MIB));
      const large = [row("events", "large", 2 * MIB)];
      const problem = await brokers.settle(large);
      expect(problem).toMatchObject({ code: "RECORD_TOO_LARGE", remedy: "halt" });
      expect(problem?.message).toContain("id large (position p-large) for events-0");
      expect(problem?.message).toContain(`at most ${MIB} (${SETTING})`);
      expect(problem?.hint).toContain(`${SETTING}=21`);
      brokers.sent.length = 0;
      expect(await brokers.attempt(large)).toMatchObject({ code: "RECORD_TOO_LARGE" });
      expect(Math.max(...brokers.sent.map(({ payload }) => payload.length))).toBeLessThan(MIB);
      brokers.hangsUp = () => false;
      brokers.clock.shiftMs += 60_000;
      expect(await brokers.attempt(large)).toBeNull();
    });

    it.each([String(100_000), ""])(
      "gets smaller until all rows are stored: setting %j",
      async (setting) => {
        const brokers = brokersWith(delivery, 100_000);
        if (setting !== "") brokers.cluster.brokerConfig.set(SETTING, setting);
        const rows = Array.from({ length: 40 }, (_, i) => row("events", `row-${i}`, 10_000));
        expect(await brokers.settle(rows)).toBeNull();
      },
    );

    it("names the row when no setting says why, and the broker serves others", async () => {
      const brokers = brokersWith(delivery, 100_000);
      const problem = await brokers.settle([row("events", "odd", 150_000)]);
      expect(problem).toMatchObject({ code: "KAFKA_REFUSED", remedy: "halt" });
      expect(problem?.message).toContain("3 times in a row");
      expect(problem?.message).toContain("id odd (position p-odd) for events-0");
      expect(problem?.hint).toContain(SETTING);
    });

    it("blames no row when the broker serves nothing else either", async () => {
      const brokers = brokersWith(delivery, MIB);
      let isAway = false;
      brokers.hangsUp = ({ apiKey, payload }) => {
        isAway = apiKey === PRODUCE ? payload.includes("odd") : isAway && apiKey === 18;
        return isAway;
      };
      for (let attempts = 0; attempts < 5; attempts++) {
        const problem = await brokers.attempt([row("events", "odd")]);
        expect(problem).toMatchObject({ code: "KAFKA_UNREACHABLE", remedy: "reopen" });
        isAway = false;
      }
    });
  },
);
