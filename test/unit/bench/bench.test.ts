import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Bench } from "../../../bench/bench.ts";
import { withPublisher } from "../../../bench/bench.ts";
import { Figures } from "../../../bench/report/figures.ts";
import type { World } from "../../../bench/servers/world.ts";

/** Says what it was started with, and that it streams; then it listens, so that it goes on until it is ended. */
const PROGRAM = `
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
writeFileSync(import.meta.dirname + "/started.json", JSON.stringify(process.env));
console.log('"state":"streaming"');
createServer().listen(0, "127.0.0.1");
`;

describe("the relay of another checkout", () => {
  let folder = "";
  let program = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bench-before-"));
    program = join(folder, "main.mjs");
    await writeFile(program, PROGRAM);
  });

  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["before", undefined],
    ["before-at-least-once", "at-least-once"],
  ] as const)(
    "is the program that was named for %s, with RELAY_DELIVERY %s",
    async (system, delivery) => {
      const bench = benchOf(program);
      await withPublisher(bench, system, async (publisher) => {
        const running = await publisher.begin("run_1");
        await running.stop();
      });
      const text = await readFile(join(folder, "started.json"), "utf8");
      const started = JSON.parse(text) as Record<string, string>;
      expect(started["RELAY_SLOT_NAME"]).toBe("run_1");
      expect(started["RELAY_DELIVERY"]).toBe(delivery);
    },
  );

  it("never is the one of this checkout where none was named", async () => {
    const measured = withPublisher(benchOf(null), "before", () => Promise.resolve());
    await expect(measured).rejects.toThrow("no checkout was named for relay before");
  });
});

function benchOf(before: string | null): Bench {
  const world = { relayEnv: {}, guard: { watch: () => undefined } } as unknown as World;
  const nothing = { systems: [], remarks: new Set<string>(), details: [] };
  return { world, before, figures: new Figures(), ...nothing, progress: () => undefined };
}
