import { describe, expect, it } from "@jest/globals";
import { html } from "../../../../src/ops/page/html.ts";
import { PAGE_POLICY, page, pageMain } from "../../../../src/ops/page/page.ts";
import { NOW_MS, pageFacts, pageSlot } from "../../../support/page/facts.ts";

const NASTY = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;

describe("HTML with values in it", () => {
  it("escapes what is text, and keeps what was escaped", () => {
    const inner = html`<b title="${"\"'"}">${"<&>"}</b>`;
    expect(html`<p>${[inner, null, 7]}</p>`.text).toBe(
      '<p><b title="&quot;&#39;">&lt;&amp;&gt;</b>7</p>',
    );
  });
});

describe("the status page", () => {
  it("says in what state the relay is and since when", () => {
    const main = pageMain(pageFacts());
    expect(main).toContain('<span class="badge">streaming</span>');
    expect(main).toContain("for 2 h 10 min");
    expect(main).not.toContain('class="problem"');
  });

  it("says what is wrong and what to do", () => {
    const reason = { code: "TOPIC_MISSING", message: "no topic", hint: "Create it." };
    const main = pageMain(pageFacts({ state: { name: "failed", sinceMs: NOW_MS, reason } }));
    expect(main).toContain("<code>TOPIC_MISSING</code> no topic");
    expect(main).toContain("<b>What to do:</b> Create it.");
  });

  it("escapes whatever comes from outside, wherever it stands", () => {
    const slot = pageSlot();
    const text = page(
      pageFacts({
        instance: NASTY,
        version: NASTY,
        slotName: NASTY,
        state: {
          name: NASTY,
          sinceMs: NOW_MS,
          reason: { code: NASTY, message: NASTY, hint: NASTY },
        },
        isLeader: false,
        slot: {
          ...slot,
          facts: { ...slot.facts, walStatus: NASTY, holder: NASTY },
          oldestTransaction: { pid: null, gid: NASTY, xid: "1", seconds: 1 },
          failoverGap: NASTY,
        },
        errors: [{ code: NASTY, message: NASTY, hint: NASTY, firstMs: 0, lastMs: 0, count: 2 }],
      }),
    );
    expect(text.match(/alert\(1\)/g)?.length).toBeGreaterThan(12);
    expect(text).not.toContain("<script>alert");
    expect(text).not.toContain("<img");
    // One script, our own.
    expect(text.match(/<script/g)).toHaveLength(1);
  });

  it("allows nothing but its own style and script", () => {
    expect(PAGE_POLICY).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-/,
    );
    expect(PAGE_POLICY).not.toContain("unsafe");
    expect(page(pageFacts())).not.toMatch(/ (?:style|on[a-z]+)=/);
  });

  it("draws a line with its unit, its largest value and its last", () => {
    const main = pageMain(pageFacts());
    expect(main).toContain(
      'aria-label="Throughput over the last 60 minutes: 689/s now, 1,706/s at most"',
    );
    expect(main).toContain("<span>2,000/s</span><span>1,000/s</span><span>0</span>");
    expect(main).toContain("<span>400 s</span><span>200 s</span>");
  });

  it("spans no more than a relay has behind it", () => {
    const { samples } = pageFacts();
    const young = pageMain(pageFacts({ samples: samples.slice(-7) }));
    expect(young).toContain("Lag over the last 10 minutes:");
    expect(young).toContain(
      "<span>−10 min</span><span>−7.5</span><span>−5</span><span>−2.5</span><span>now</span>",
    );
    expect(pageMain(pageFacts({ samples: samples.slice(-120) }))).toContain("<span>−30 min</span>");
    expect(pageMain(pageFacts())).toContain("<span>−60 min</span><span>−45</span>");
  });

  it("says why there is no line, and shows no figure that is not this relay's", () => {
    const samples = pageFacts().samples.map((one) => {
      return { ...one, lagSeconds: null, lagBytes: null, eventsPerSecond: null };
    });
    const main = pageMain(pageFacts({ isLeader: false, lag: null, samples }));
    expect(main.match(/Only the relay that holds the slot has one\./g)).toHaveLength(2);
    expect(main).toContain('<dd class="value">–</dd>');
    expect(pageMain(pageFacts({ samples: [] }))).toContain(
      "The first values come within 20 seconds.",
    );
  });

  it("names the relay that holds the slot", () => {
    const slot = pageSlot();
    const shows = (holder: string | null, active = true): string => {
      const facts = { ...slot.facts, active, holder };
      return pageMain(pageFacts({ isLeader: false, slot: { ...slot, facts } }));
    };
    expect(shows("relay:outbox-relay-7")).toContain("<dd>outbox-relay-7</dd>");
    expect(shows(null)).toContain("<dd>another session</dd>");
    expect(shows(null, false)).toContain("<dd>nobody</dd>");
    expect(pageMain(pageFacts())).toContain("<dd>this relay</dd>");
  });

  it("shows how much of the budget is used, and nothing where nobody knows one", () => {
    expect(pageMain(pageFacts())).toContain(
      "19 % of max_slot_wal_keep_size used: 3.2 GiB of 17.2 GiB",
    );
    const full = pageSlot({ room: { limit: "disk", bytes: -5 } });
    expect(pageMain(pageFacts({ slot: full }))).toContain("100 % of RELAY_WAL_BUDGET used");
    expect(pageMain(pageFacts({ slot: pageSlot({ room: null }) }))).not.toContain('class="budget');
  });

  it("links metrics only where they are served", () => {
    expect(page(pageFacts())).toContain('href="metrics"');
    expect(page(pageFacts({ hasMetrics: false }))).not.toContain('href="metrics"');
  });
});
