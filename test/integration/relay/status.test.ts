import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess, RelayStatus } from "../../support/relay/relay-process.ts";
import { until } from "../../support/services.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  fixture = await RelayFixture.create("status");
});

afterAll(async () => {
  await fixture.close();
});

/** `outbox-relay status`, with nothing in its environment but where the relay listens. */
async function status(...words: readonly string[]): Promise<Ended> {
  const env = {
    PATH: process.env["PATH"],
    RELAY_HTTP_LISTEN: `127.0.0.1:${await relay.port()}`,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "status", ...words], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("outbox-relay status", () => {
  it("shows a relay that streams, one that failed, and that nobody is there", async () => {
    relay = await fixture.streaming();
    await fixture.insert("one");
    await fixture.caughtUp(relay);
    await until(
      async () => (await relay.status()).slot.confirmedLsn !== null,
      20_000,
      "the relay's next look at its slot",
    );
    const streaming = await status();
    expect(streaming).toMatchObject({ exitCode: 0, stderr: "" });
    expect(streaming.stdout).toMatch(
      /^state +streaming, for \d+ s\nslot +\w+, in use by \S+, confirmed /,
    );
    expect(streaming.stdout).toMatch(/^events +1 published/m);
    const json = JSON.parse((await status("--json")).stdout) as RelayStatus;
    expect(json).toMatchObject({ state: "streaming", events: { published: 1 }, errors: [] });
    await fixture.insert("two", "{}", "no_such_topic");
    await relay.reaches("failed", "TOPIC_MISSING");
    const failed = await status();
    expect(JSON.parse((await status("--json")).stdout)).toMatchObject({
      errors: [{ code: "TOPIC_MISSING", hint: expect.any(String), last: expect.any(String) }],
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/^problem +TOPIC_MISSING: .+\nnext +\S/m);
    await relay.kill();
    expect(await status()).toMatchObject({
      exitCode: 75,
      stdout: "",
      stderr: expect.stringContaining("(ECONNREFUSED)"),
    });
  });
});
