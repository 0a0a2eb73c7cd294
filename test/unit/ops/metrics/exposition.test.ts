import { describe, expect, it } from "@jest/globals";
import { negotiate } from "../../../../src/ops/metrics/exposition.ts";
import { Meter } from "../../../../src/ops/metrics/meter.ts";

/** What Prometheus 2 and 3 ask for. */
const PROMETHEUS =
  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

describe("the format of metrics", () => {
  it.each([
    [undefined, "text"],
    ["*/*", "text"],
    ["text/plain", "text"],
    ["application/openmetrics-text", "openmetrics"],
    ["application/openmetrics-text; version=0.0.1", "text"],
    ["application/openmetrics-text;version=1.0.0;q=0", "text"],
    ["application/openmetrics-text;q=0.2,text/plain;q=0.3", "text"],
    ["application/openmetrics-text;q=lots", "text"],
    [PROMETHEUS, "openmetrics"],
  ])("for Accept %s is %s", (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });

  it("names a counter with its suffix in both, its family without it in OpenMetrics, again and again", async () => {
    const meter = new Meter("s");
    meter.counter({ name: "relay_things_total", help: 'Things "done"\\', labels: ["kind"] }, [
      { kind: 'a"\n\\' },
    ]);
    for (let times = 0; times < 2; times++) {
      expect(await meter.render("text")).toBe(
        '# HELP relay_things_total Things "done"\\\\\n# TYPE relay_things_total counter\nrelay_things_total{kind="a\\"\\n\\\\"} 0\n',
      );
      expect(await meter.render("openmetrics")).toBe(
        '# HELP relay_things Things \\"done\\"\\\\\n# TYPE relay_things counter\nrelay_things_total{kind="a\\"\\n\\\\"} 0\n# EOF\n',
      );
    }
  });

  it("leaves out a gauge that nobody knows, instead of saying 0", async () => {
    const meter = new Meter("s");
    let known: number | null = null;
    meter.gauge({ name: "relay_thing_bytes", help: "A thing" }, (put) => {
      if (known !== null) put({}, known);
    });
    expect(await meter.render("text")).toBe("");
    known = Infinity;
    expect(await meter.render("text")).toContain("relay_thing_bytes +Inf\n");
    known = null;
    expect(await meter.render("text")).toBe("");
  });
});
