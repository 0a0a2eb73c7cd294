import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { HttpServer } from "../../../src/ops/http/http-server.ts";
import { PAGE_POLICY, page, pageMain } from "../../../src/ops/page/page.ts";
import type { PageFacts } from "../../../src/ops/page/page-facts.ts";
import {
  faintTexts,
  isWiderThanScreen,
  labelProblems,
  tabOrder,
} from "../../support/page/audit.ts";
import { TestBrowser } from "../../support/page/browser.ts";
import { NOW_MS, pageFacts, pageSlot } from "../../support/page/facts.ts";
import { until } from "../../support/until.ts";

const BLIND = pageFacts().samples.map((sample) => {
  return { ...sample, lagSeconds: null, lagBytes: null, eventsPerSecond: null };
});

/** Every look that the page can have, by what is known. */
const LOOKS: Readonly<Record<string, PageFacts>> = {
  streaming: pageFacts(),
  standby: pageFacts({
    instance: "outbox-relay-1",
    isLeader: false,
    lag: null,
    publishedEvents: 0,
    state: { name: "standby", sinceMs: NOW_MS - 60_000, reason: null },
    samples: BLIND,
    errors: [],
  }),
  failed: pageFacts({
    state: {
      name: "failed",
      sinceMs: NOW_MS - 240_000,
      reason: {
        code: "TOPIC_MISSING",
        message:
          "the outbox row with id 0199 (row 2 of the transaction committed at 16/B374D848) cannot be published: topic outbox.event.order does not exist",
        hint: "Create the topic; the relay goes on by itself.",
      },
    },
    slot: pageSlot({ room: { limit: "slot", bytes: 400_000_000 }, exhaustionSeconds: 190 }),
  }),
  stalled: pageFacts({
    state: {
      name: "stalled",
      sinceMs: NOW_MS - 90_000,
      reason: {
        code: "SINK_STALLED",
        message: "nothing could be published for 60000 ms; the stream was closed",
        hint: "Look at Kafka. The relay goes on by itself as soon as Kafka answers.",
      },
    },
    kafka: { reachable: false, brokers: 3, connected: 0 },
    slot: pageSlot({ room: { limit: "disk", bytes: 2 * 1024 ** 3 } }),
  }),
  starting: pageFacts({
    state: { name: "starting", sinceMs: NOW_MS - 2_000, reason: null },
    slot: null,
    lag: null,
    samples: [],
    errors: [],
    isLeader: false,
    isPostgresReachable: null,
    publishedEvents: 0,
    kafka: { reachable: false, brokers: 0, connected: 0 },
  }),
};

let browser: TestBrowser;
let server: HttpServer;
let base: string;
let facts = pageFacts();

beforeAll(async () => {
  const answer = ({ query }: { readonly query: URLSearchParams }) => ({
    status: 200,
    type: "text/html; charset=utf-8",
    body: query.get("part") === "main" ? pageMain(facts) : page(facts),
    headers: { "content-security-policy": PAGE_POLICY },
  });
  server = new HttpServer(new Map([["/", { answer, isOpen: true }]]), null);
  base = `http://127.0.0.1:${await server.start("127.0.0.1", 0)}/`;
  browser = await TestBrowser.launch();
});

afterEach(async () => {
  await browser.closePages();
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

describe("the status page in a browser", () => {
  const everyLook = Object.keys(LOOKS).flatMap((name) =>
    [false, true].flatMap((isDark) => [1280, 390].map((width) => ({ name, isDark, width }))),
  );

  it.each(everyLook)(
    "can be read while $name (dark: $isDark, $width px wide)",
    async ({ name, isDark, width }) => {
      facts = LOOKS[name] as PageFacts;
      const seen = await browser.open(base, { isDark, width });
      await browser.shoot(seen.page, `${name}-${isDark ? "dark" : "light"}-${width}`);
      expect(await faintTexts(seen.page)).toEqual([]);
      expect(await labelProblems(seen.page)).toEqual([]);
      expect(await isWiderThanScreen(seen.page)).toBe(false);
      expect(seen.errors).toEqual([]);
      expect(seen.requests).toEqual([base]);
      expect(await seen.page.title()).toBe(`${name} · outbox-relay`);
    },
  );

  it("can be walked through with the keyboard, and what has the focus is seen", async () => {
    facts = pageFacts();
    const { page: tab } = await browser.open(base);
    expect(await tabOrder(tab)).toEqual([
      "Pause updates (solid)",
      "Status as JSON (solid)",
      "Metrics (solid)",
    ]);
  });

  it("brings itself up to date, says when nobody answers, and stops doing so when it is told to", async () => {
    facts = pageFacts();
    const { page: tab, requests } = await browser.open(base);
    const badge = (): Promise<string | null> => tab.textContent(".badge");
    expect(await badge()).toBe("streaming");
    facts = LOOKS["failed"] as PageFacts;
    await until(async () => (await badge()) === "failed", 15_000, "the page to refresh itself");
    expect(await tab.title()).toBe("failed · outbox-relay");
    await tab.route("**/*", (route) => route.abort());
    await until(() => tab.isVisible("#away"), 15_000, "the page to say that nobody answers");
    await tab.unroute("**/*");
    await until(() => tab.isHidden("#away"), 15_000, "the page to find the relay again");
    await tab.click("#pause");
    expect(await tab.getAttribute("#pause", "aria-pressed")).toBe("true");
    facts = pageFacts();
    const before = requests.length;
    await tab.clock.install();
    await tab.clock.runFor(60_000);
    expect([await badge(), requests.length]).toEqual(["failed", before]);
    expect(requests.filter((url) => !url.startsWith(base))).toEqual([]);
  });

  it("is whole without a script", async () => {
    facts = pageFacts();
    const { page: tab, errors } = await browser.open(base, { hasScript: false });
    expect(await tab.textContent(".badge")).toBe("streaming");
    expect(await tab.locator(".line").count()).toBe(3);
    expect(await tab.isVisible("#pause")).toBe(false);
    expect(await tab.locator('meta[http-equiv="refresh"]').count()).toBe(1);
    expect(errors).toEqual([]);
  });
});

describe("the checks of the page themselves", () => {
  it("notice grey on grey, a picture without a name, and a wide page", async () => {
    facts = pageFacts();
    const { page: tab } = await browser.open(base);
    await tab.evaluate(`document.querySelector(".note").style.setProperty("color", "#bbb")`);
    await tab.evaluate(`document.querySelector("svg").removeAttribute("aria-label")`);
    await tab.evaluate(`document.querySelector("main").style.setProperty("min-width", "3000px")`);
    expect((await faintTexts(tab)).length).toBe(1);
    expect(await labelProblems(tab)).toHaveLength(1);
    expect(await isWiderThanScreen(tab)).toBe(true);
  });
});
