import { describe, expect, it } from "@jest/globals";
import type { BoardPanel, BoardTarget, BoardVariable } from "../../support/monitoring/boards.ts";
import { boardFiles, boardQueries } from "../../support/monitoring/boards.ts";
import { isCounter, selectors, unknownParts } from "../../support/monitoring/selectors.ts";

// The rules of Grafana's dashboard-linter, and a few of ours: what it looks at, told in its order.

const UNITS = new Set(["none", "s", "bytes", "Bps", "cps", "reqps", "percentunit"]);
const COLUMNS = 24;
/** Tells Grafana to ask again when the time range changes. */
const ON_TIME_RANGE = 2;
const DATASOURCE = "$datasource";

const boards = boardFiles();

function variable(list: readonly BoardVariable[], name: string): BoardVariable | undefined {
  return list.find((one) => one.name === name);
}

function panelsOf(panels: readonly BoardPanel[]): readonly BoardPanel[] {
  return panels.filter(({ type }) => type !== "row");
}

function targetsOf(panels: readonly BoardPanel[]): readonly BoardTarget[] {
  return panels.flatMap(({ targets = [] }) => targets);
}

/** Counters that stand there without a rate, and rates over a range that is not Grafana's. */
function rateFaults(expr: string): string[] {
  const bare = selectors(expr)
    .filter(({ metric }) => isCounter(metric))
    .filter(({ text }) => !new RegExp(`(?:rate|increase)\\(${escaped(text)}\\[`).test(expr))
    .map(({ text }) => text);
  const ranges = [...expr.matchAll(/\[([^\]]+)\]/g)].map(([, range = ""]) => range);
  return [...bare, ...ranges.filter((range) => range !== "$__rate_interval")];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function selectorFaults(expr: string): string[] {
  return selectors(expr)
    .map(({ text }) => text)
    .filter((text) => !text.includes('job=~"$job"') || !text.includes('instance=~"$instance"'));
}

function overlaps(a: BoardPanel, b: BoardPanel): boolean {
  const [p, q] = [a.gridPos, b.gridPos];
  const apart = p.x + p.w <= q.x || q.x + q.w <= p.x || p.y + p.h <= q.y || q.y + q.h <= p.y;
  return !apart;
}

describe.each(boards)("dashboard $name", ({ title, description, editable, panels, templating }) => {
  it("has a title and a description, and is changed in its source only", () => {
    expect([title, description].every((text) => text.length > 10)).toBe(true);
    expect(editable).toBe(false);
  });

  it("lets choose the data source", () => {
    const found = variable(templating.list, "datasource");
    expect(found).toMatchObject({ type: "datasource", label: "Data source", query: "prometheus" });
  });

  it.each(["job", "instance"])(
    "lets choose several of %s, asked again with the time range",
    (name) => {
      expect(variable(templating.list, name)).toMatchObject({
        type: "query",
        label: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        datasource: { uid: DATASOURCE },
        multi: true,
        includeAll: true,
        allValue: ".+",
        refresh: ON_TIME_RANGE,
      });
    },
  );

  it("uses every variable that it has", () => {
    const text = JSON.stringify(panels);
    const unused = templating.list.filter(({ name }) => !text.includes(`$${name}`));
    expect(unused).toEqual([]);
  });

  it.each(panelsOf(panels))("$title says what it is, in which unit", (panel) => {
    expect(panel.datasource?.uid).toBe(DATASOURCE);
    expect(panel.title.length).toBeGreaterThan(2);
    expect(panel.description).toMatch(/^[A-Za-z0-9].{10,}\.$/);
    expect(UNITS).toContain(panel.fieldConfig?.defaults.unit);
    expect(panel.targets ?? []).not.toEqual([]);
  });

  it.each(targetsOf(panels))("asks by job and instance, with Grafana's range: $expr", (target) => {
    expect(target.datasource.uid).toBe(DATASOURCE);
    expect(target.legendFormat).not.toBe("");
    expect(selectors(target.expr)).not.toEqual([]);
    expect(selectorFaults(target.expr)).toEqual([]);
    expect(rateFaults(target.expr)).toEqual([]);
  });

  it("numbers its panels and queries without repeating one", () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { targets = [] } of panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });

  it("puts no panel over another or past the edge", () => {
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > COLUMNS)).toEqual([]);
    const pairs = panels.flatMap((a, at) => panels.slice(at + 1).map((b) => [a, b] as const));
    expect(pairs.filter(([a, b]) => overlaps(a, b))).toEqual([]);
  });
});

describe("the queries of all dashboards", () => {
  const queries = boards.flatMap(boardQueries);

  it("ask only for metrics and labels that relays export", () => {
    const unknown = queries.map(({ place, expr }) => [place, unknownParts(expr)] as const);
    expect(unknown.filter(([, parts]) => parts.length > 0)).toEqual([]);
  });

  it("belong to dashboards with an address of their own", () => {
    const uids = boards.map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(3);
  });
});

describe("the rules", () => {
  it("notice a bare counter, a range of one's own, a missing matcher and an unknown label", () => {
    expect(rateFaults('sum(relay_errors_total{job=~"$job"})')).toHaveLength(1);
    expect(rateFaults('rate(relay_errors_total{job=~"$job"}[5m])')).toEqual(["5m"]);
    expect(rateFaults('rate(relay_errors_total{job=~"$job"}[$__rate_interval])')).toEqual([]);
    expect(selectorFaults('max(relay_lag_seconds{job=~"$job"})')).toHaveLength(1);
    expect(unknownParts('sum(relay_nothing) + relay_leader{colour="red"}')).toEqual([
      "relay_nothing",
      "relay_leader{colour}",
    ]);
  });
});
