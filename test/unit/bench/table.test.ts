import { describe, expect, it } from "@jest/globals";
import { Figures } from "../../../bench/report/figures.ts";
import { renderTable } from "../../../bench/report/table.ts";

describe("the table of the benchmark", () => {
  it("has a column for each system that was asked for, in their order, and a dash where nothing was measured", () => {
    const figures = new Figures();
    figures.add("drain.perSecond", "relay", 83_123.4);
    figures.add("drain.perSecond", "recvlogical", 100_000);
    figures.add("drain.cpuSeconds", "relay", 3.456);
    expect(renderTable(figures, ["debezium", "recvlogical", "relay"])).toBe(
      [
        "|                                    | relay exactly-once | pg_recvlogical | Debezium |",
        "|------------------------------------|-------------------:|---------------:|---------:|",
        "| drain, 100 rows/txn, events/s      |             83,123 |        100,000 |        - |",
        "| CPU draining, s per million events |               3.46 |              - |        - |",
        "",
      ].join("\n"),
    );
  });

  it("has a row of three percentiles for each rate, and tells the one without linger apart", () => {
    const figures = new Figures();
    for (const prefix of ["latency.1000", "latency.10000", "latency.1000.linger0"]) {
      figures.add(`${prefix}.p50Ms`, "relay", 4);
      figures.add(`${prefix}.p99Ms`, "relay", 12.34);
      figures.add(`${prefix}.p999Ms`, "relay", 1_234.5);
    }
    const rows = renderTable(figures, ["relay"]).split("\n").slice(2, -1);
    expect(rows.map((row) => row.split("|")[1]?.trim())).toEqual([
      "latency at 1,000/s, p50 / p99 / p99.9 ms",
      "latency at 10,000/s, p50 / p99 / p99.9 ms",
      "latency at 1,000/s with RELAY_BATCH_LINGER=0, p50 / p99 / p99.9 ms",
    ]);
    for (const row of rows) expect(row).toContain("4.0 / 12.3 / 1,234.5");
  });
});
