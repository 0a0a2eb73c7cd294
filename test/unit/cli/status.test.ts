import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Fetch } from "../../../src/cli/ask-relay.ts";
import { localUrl } from "../../../src/cli/relay-address.ts";
import { parseStatus, showStatus } from "../../../src/cli/status.ts";
import { statusPage } from "../../../src/cli/status-page.ts";
import { CapturedOutput } from "../../support/captured-output.ts";

const GIB = 1024 ** 3;
const SINCE = "2026-11-21T12:00:00.000Z";
const NOW_MS = Date.parse("2026-11-21T14:10:00.000Z");

const STREAMING = {
  state: "streaming",
  code: null,
  message: null,
  hint: null,
  since: SINCE,
  instance: "relay-0",
  version: "0.1.0",
  slot: {
    name: "outbox_relay",
    active: true,
    confirmedLsn: "0/1A2B3C8",
    restartLsn: "0/1A2B000",
    retainedBytes: 3.25 * GIB,
    unconfirmedBytes: GIB,
    safeWalBytes: 14 * GIB,
    growthBytesPerSecond: 2 * 1024 ** 2,
    exhaustionSeconds: 7_140,
    walStatus: "reserved",
    oldestTransaction: { pid: 4711, prepared: null, seconds: 3_600 },
    failover: { ready: false, reason: "no standby is connected" },
  },
  position: { timeline: 1, commitLsn: "0/1A2B398", index: 2 },
  checkpoint: { commit: "0/1A2B398", index: 2, end: null, keepalive: "0/1A2B3C8" },
  lag: { seconds: 0, bytes: 0 },
  kafka: { reachable: true, brokers: 3 },
  events: { published: 18_204, deadLettered: 0 },
};

const RELAY = { url: "http://h:1", credentials: null };

let out: CapturedOutput;
beforeEach(() => {
  out = new CapturedOutput();
});

function answering(body: unknown, status = 200): Fetch {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return () => Promise.resolve(new Response(text, { status }));
}

describe("the page that outbox-relay status prints", () => {
  it("tells all of it", () => {
    expect(statusPage(STREAMING, NOW_MS)).toBe(
      [
        "state       streaming, for 2 h 10 min",
        "slot        outbox_relay, in use, confirmed 0/1A2B3C8, reserved",
        "WAL         3.3 GiB retained, 1.0 GiB unconfirmed, growth 2.0 MiB/s, 14.0 GiB safe, used up in about 1 h 59 min",
        "open        the oldest transaction is pid 4711, 1 h old",
        "failover    not ready: no standby is connected",
        "lag         0 s, 0 bytes of WAL",
        "position    0/1A2B398, row 2, timeline 1",
        "checkpoint  0/1A2B398, row 2, idle up to 0/1A2B3C8",
        "kafka       reachable, 3 brokers",
        "events      18204 published, 0 dead-lettered since the start",
        "relay       relay-0, 0.1.0",
        "",
      ].join("\n"),
    );
  });

  it("begins with what is wrong and the next command", () => {
    const page = statusPage(
      {
        ...STREAMING,
        state: "failed",
        code: "TOPIC_MISSING",
        message: "no topic",
        hint: "Make it.",
      },
      NOW_MS,
    );
    expect(page).toMatch(
      /^state {7}failed, for 2 h 10 min\nproblem {5}TOPIC_MISSING: no topic\nnext {8}Make it\.\n/,
    );
  });

  it("names who holds the slot, where the relay knows", () => {
    const slot = { ...STREAMING.slot, holder: "relay:relay-1" };
    expect(statusPage({ ...STREAMING, slot }, NOW_MS)).toContain("in use by relay-1, confirmed");
  });

  it("leaves out what the relay does not know", () => {
    const page = statusPage(
      { state: "starting", since: SINCE, slot: { name: "s", active: false }, position: null },
      NOW_MS,
    );
    expect(page).toBe("state       starting, for 2 h 10 min\nslot        s, not seen yet\n");
  });
});

describe("outbox-relay status", () => {
  it.each([
    ["streaming", 0],
    ["standby", 0],
    ["failed", 1],
    ["stalled", 1],
    ["starting", 75],
    ["draining", 75],
  ])("in state %s ends with exit code %i", async (state, exitCode) => {
    expect(await showStatus(RELAY, false, out, answering({ state }))).toBe(exitCode);
    expect(out.written.stdout).toBe(`state       ${state}\n`);
  });

  it("asks /status of that address, with or without a slash at its end", async () => {
    const asked: string[] = [];
    const ask: Fetch = (url) => {
      asked.push(url);
      return Promise.resolve(new Response('{"state":"standby"}'));
    };
    await showStatus(RELAY, false, out, ask);
    await showStatus({ url: "http://h:1/", credentials: null }, false, out, ask);
    expect(asked).toEqual(["http://h:1/status", "http://h:1/status"]);
  });

  it("gives the JSON as it came, with the same exit code", async () => {
    const body = '{"state":"failed","code":"X"}\n';
    expect(await showStatus(RELAY, true, out, answering(body))).toBe(1);
    expect(out.written.stdout).toBe(body);
  });

  it("says where nobody answers, and why", async () => {
    const ask: Fetch = () =>
      Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }));
    expect(await showStatus(RELAY, false, out, ask)).toBe(75);
    expect(out.written.stderr).toMatch(/^nobody answers at http:\/\/h:1\/status \(ECONNREFUSED\)/);
  });

  it("does not take somebody else's answer for a relay's", async () => {
    for (const ask of [answering("<html>"), answering({}), answering({ state: "x" }, 404)]) {
      expect(await showStatus(RELAY, false, out, ask)).toBe(1);
    }
    expect(out.written.stdout).toBe("");
    expect(out.written.stderr).toContain("is no relay (HTTP 404)");
  });

  it("sends the user and the password where there are any, and says what is missing where they are asked for", async () => {
    const sent: (string | undefined)[] = [];
    const ask: Fetch = (_, { headers }) => {
      sent.push(headers["authorization"]);
      const isAdmitted = headers["authorization"] !== undefined;
      return Promise.resolve(
        new Response('{"state":"standby"}', { status: isAdmitted ? 200 : 401 }),
      );
    };
    const credentials = { username: "u", password: "p" };
    expect(await showStatus({ ...RELAY, credentials }, true, out, ask)).toBe(0);
    expect(await showStatus(RELAY, true, out, ask)).toBe(78);
    expect(sent).toEqual(["Basic dTpw", undefined]);
    expect(out.written.stderr).toContain(
      "Set RELAY_HTTP_AUTH_USERNAME and RELAY_HTTP_AUTH_PASSWORD",
    );
  });

  it("understands its options, and explains them", () => {
    expect(parseStatus([], out)).toEqual({ url: undefined, isJson: false, isWatching: false });
    expect(parseStatus(["--json", "--url", "http://h:1"], out)).toEqual({
      url: "http://h:1",
      isJson: true,
      isWatching: false,
    });
    expect(parseStatus(["--watch"], out)).toMatchObject({ isWatching: true });
    expect(parseStatus(["--help"], out)).toBe(0);
    expect(out.written.stdout).toContain("Usage: outbox-relay status");
    for (const argv of [["--url", "h:1"], ["now"], ["--what"]]) {
      expect(parseStatus(argv, out)).toBe(2);
    }
  });

  it("finds the relay of this host where it listens", () => {
    expect(localUrl({ host: "0.0.0.0", port: 9464 })).toBe("http://127.0.0.1:9464");
    expect(localUrl({ host: "::", port: 1 })).toBe("http://[::1]:1");
    expect(localUrl({ host: "::1", port: 1 })).toBe("http://[::1]:1");
    expect(localUrl({ host: "10.0.0.1", port: 1 })).toBe("http://10.0.0.1:1");
  });
});
