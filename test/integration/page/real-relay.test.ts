import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { TestBrowser } from "../../support/page/browser.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { until } from "../../support/until.ts";

const USER = { username: "operator", password: "canary-9f3e" };
const AUTH = {
  RELAY_HTTP_AUTH_USERNAME: USER.username,
  RELAY_HTTP_AUTH_PASSWORD: USER.password,
};

let fixture: RelayFixture;
let browser: TestBrowser;

beforeAll(async () => {
  fixture = await RelayFixture.create("page");
  browser = await TestBrowser.launch();
});

afterEach(async () => {
  await browser.closePages();
});

afterAll(async () => {
  await browser.close();
  await fixture.close();
});

async function urlOf(relay: RelayProcess): Promise<string> {
  return `http://127.0.0.1:${await relay.port()}/`;
}

describe("the status page of a real relay", () => {
  it("shows one that streams, one that stands by, and what stops the first", async () => {
    const first = await fixture.streaming({ RELAY_INSTANCE_ID: "first" });
    const second = fixture.start({ RELAY_INSTANCE_ID: "second" });
    await second.reaches("standby");
    for (let at = 0; at < 3; at++) await fixture.insert("k", "{}");
    await fixture.caughtUp(first);
    const leader = await browser.open(await urlOf(first));
    const standby = await browser.open(await urlOf(second));
    await until(
      async () => (await standby.page.textContent("main"))?.includes("Slot held byfirst") === true,
      30_000,
      "the standby to name who holds the slot",
    );
    await until(
      async () => (await leader.page.locator(".chart .line").count()) === 3,
      40_000,
      "lines of lag, throughput and WAL",
    );
    expect(await leader.page.textContent(".badge")).toBe("streaming");
    expect(await leader.page.textContent(".figures")).toContain("Published3");
    expect(await standby.page.textContent(".badge")).toBe("standby");
    await browser.shoot(leader.page, "real-streaming");
    await browser.shoot(standby.page, "real-standby");
    await fixture.insert("k", '{"canary": "payload-4711"}', "no_such_topic");
    await until(
      async () => (await leader.page.textContent(".badge")) === "failed",
      30_000,
      "the page to show the failure",
    );
    await browser.shoot(leader.page, "real-failed");
    const text = (await leader.page.textContent("body")) ?? "";
    expect(text).toContain("TOPIC_MISSING");
    expect(text).toContain("What to do:");
    expect(text).not.toContain("payload-4711");
    const history = await (await first.get("/status/history")).json();
    expect(history).toMatchObject({ intervalSeconds: 10, samples: expect.any(Array) });
    for (const seen of [leader, standby]) {
      expect(seen.errors).toEqual([]);
      const own = new URL(seen.page.url()).origin;
      expect(seen.requests.filter((url) => new URL(url).origin !== own)).toEqual([]);
    }
    await first.kill();
    await second.kill();
  });

  it("asks for user and password where the settings name them, as do metrics and status, but no probe", async () => {
    const relay = fixture.start(AUTH);
    const own = `http://127.0.0.1:${await relay.port()}`;
    for (const path of ["/", "/status", "/status/history", "/metrics"]) {
      expect([path, (await fetch(own + path)).status]).toEqual([path, 401]);
      expect([path, (await relay.get(path)).status]).toEqual([path, 200]);
    }
    for (const path of ["/livez", "/healthz", "/readyz", "/startupz", "/leader"]) {
      expect([path, (await fetch(own + path)).status]).not.toEqual([path, 401]);
    }
    const { page, errors } = await browser.open(await urlOf(relay), { credentials: USER });
    expect(await page.locator(".badge").count()).toBe(1);
    expect(errors.filter((text) => !text.includes("401"))).toEqual([]);
    const listen = { RELAY_HTTP_LISTEN: `127.0.0.1:${await relay.port()}` };
    expect(await fixture.command(["health"], listen)).toMatchObject({ code: 0, stdout: "" });
    expect(await fixture.command(["status"], listen)).toMatchObject({ code: 78 });
    const status = await fixture.command(["status", "--json"], { ...listen, ...AUTH });
    expect(JSON.parse(status.stdout)).toMatchObject({ instance: expect.any(String) });
    expect(relay.output + status.stdout + status.stderr).not.toContain(USER.password);
    await relay.kill();
  });

  it("is not there when it is switched off, nor are metrics", async () => {
    const relay = fixture.start({ RELAY_UI_ENABLED: "false", RELAY_METRICS_ENABLED: "false" });
    expect((await relay.get("/")).status).toBe(404);
    expect((await relay.get("/metrics")).status).toBe(404);
    expect((await relay.get("/status")).status).toBe(200);
    await relay.kill();
  });
});
