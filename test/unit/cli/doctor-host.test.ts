import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { memoryCheck } from "../../../src/cli/doctor/host-checks.ts";
import { memoryLimitBytes } from "../../../src/ops/memory-limit.ts";

const MIB = 1024 ** 2;

describe("the memory check", () => {
  it("warns of a limit that a drain would reach, and names the buffer", () => {
    const { findings } = memoryCheck(128 * MIB, 16 * MIB);
    expect(findings).toMatchObject([{ code: "CONFIG_MEMORY", severity: "warning" }]);
    expect(findings[0]?.message).toContain("RELAY_BUFFER_MAX_BYTES");
  });

  it.each([[384 * MIB], [null]])("is content with a limit of %p bytes", (limit) => {
    expect(memoryCheck(limit, 16 * MIB).findings).toEqual([]);
  });
});

describe("the memory limit", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cgroup-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function limit(...texts: readonly (string | null)[]): Promise<number | null> {
    const places = texts.map((_, i) => join(folder, String(i)));
    for (const [i, text] of texts.entries()) {
      if (text !== null) await writeFile(places[i] ?? "", text);
    }
    return memoryLimitBytes(places);
  }

  it.each([
    { texts: ["402653184\n"], bytes: 402653184, of: "cgroup version 2" },
    { texts: [null, "268435456\n"], bytes: 268435456, of: "version 1" },
    { texts: ["max\n"], bytes: null, of: "version 2 without a limit" },
    { texts: [null, "9223372036854771712\n"], bytes: null, of: "version 1 without a limit" },
    { texts: [null, null], bytes: null, of: "a machine without cgroups" },
  ])("is $bytes for $of", async ({ texts, bytes }) => {
    expect(await limit(...texts)).toBe(bytes);
  });
});
