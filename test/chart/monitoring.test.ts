import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import type { Manifest } from "../support/chart/chart.ts";
import { ciFile, manifests, only, set } from "../support/chart/chart.ts";
import { CopiedChart } from "../support/chart/copied-chart.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

const ALERTS = readFileSync(new URL("./alerts-sample.yaml", import.meta.url), "utf8");
const DASHBOARD = '{"title": "Sample", "text": "{{ instance }}"}';

let chart: CopiedChart;

beforeAll(async () => {
  chart = await CopiedChart.with({
    alerts: null,
    "alerts/outbox-relay.yaml": ALERTS,
    "alerts/postgres-exporter.yaml": ALERTS.replace("name: sample", "name: exporter"),
    dashboards: null,
    "dashboards/sample.json": DASHBOARD,
  });
});

afterAll(async () => {
  await chart.remove();
});

function render(...values: readonly string[]): Promise<Manifest[]> {
  return manifests([ciFile("default-values.yaml")], set(...values), chart.path);
}

async function rulesOf(...values: readonly string[]): Promise<Rule[]> {
  const rule = only(await render("prometheusRule.enabled=true", ...values), "PrometheusRule");
  return (rule.spec as Rules).groups.flatMap(({ rules }) => rules);
}

describe("the chart's alerts", () => {
  it("are those of the files, what is in double braces untouched", async () => {
    const rules = await rulesOf();
    expect(rules.map(({ alert }) => alert)).toEqual([
      "RelaySample",
      "RelaySample",
      "RelayNoStandby",
    ]);
    expect(rules[0]?.annotations["summary"]).toBe("{{ $value }} for {{ $labels.slot }}");
    expect(rules[0]?.expr).toBe('lag{slot_name="outbox_relay"} > 60 # threshold: lag.warning\n');
  });

  it("take a threshold by its whole name, and nothing else changes", async () => {
    const rules = await rulesOf("prometheusRule.thresholds.lag\\.warning=12.5");
    expect(rules.map(({ expr }) => expr)).toEqual([
      'lag{slot_name="outbox_relay"} > 12.5 # threshold: lag.warning\n',
      "lag > 5e9 # threshold: lag.warning.more\n  and 60 > 1\n",
      "standbys < 1",
    ]);
  });

  it("take a large threshold in a form that PromQL reads", async () => {
    const [, second] = await rulesOf("prometheusRule.thresholds.lag\\.warning\\.more=20000000000");
    expect(second?.expr).toContain("lag > 20000000000 # threshold");
  });

  it("ask for the slot that the relay has", async () => {
    const [first] = await rulesOf("config.SLOT_NAME=orders");
    expect(first?.expr).toContain('lag{slot_name="orders"}');
  });

  it("ask for the slot of the shard that the relay has", async () => {
    const [first] = await rulesOf("config.SHARD=1/2");
    expect(first?.expr).toContain('lag{slot_name="outbox_relay_s1of2"}');
  });

  it("are left out by name, in every severity", async () => {
    const rules = await rulesOf("prometheusRule.disabled.RelaySample=true");
    expect(rules.map(({ alert }) => alert)).toEqual(["RelayNoStandby"]);
  });

  it("do not ask for a standby where there is one relay", async () => {
    const rules = await rulesOf("replicaCount=1");
    expect(rules.map(({ alert }) => alert)).toEqual(["RelaySample", "RelaySample"]);
  });

  it("lead to runbooks of your own and carry your labels", async () => {
    const [first] = await rulesOf(
      "prometheusRule.runbookUrl=https://wiki/{alert}.html",
      "prometheusRule.alertLabels.team=shop",
    );
    expect(first).toMatchObject({
      labels: { severity: "warning", team: "shop" },
      annotations: { runbook_url: "https://wiki/RelaySample.html" },
    });
  });

  it("include those for postgres_exporter and yours on demand", async () => {
    const more = [
      "prometheusRule.additionalRules[0].alert=Mine",
      "prometheusRule.additionalRules[0].expr=up",
    ];
    const all = await render(
      "prometheusRule.enabled=true",
      "prometheusRule.postgresExporterRules=true",
      ...more,
    );
    const { groups } = only(all, "PrometheusRule").spec as Rules;
    expect(groups.map(({ name }) => name)).toEqual([
      "sample",
      "exporter",
      "outbox-relay-additional",
    ]);
  });
});

describe("the project's own alerts in the chart", () => {
  const file = readFileSync(
    new URL("../../config/alerts/outbox-relay.yaml", import.meta.url),
    "utf8",
  );
  const names = [...file.matchAll(/ # threshold: (\w+)$/gm)].map(([, name = ""]) => name);

  async function groups(...values: readonly string[]): Promise<Rules["groups"]> {
    const argv = set("prometheusRule.enabled=true", ...values);
    const all = await manifests([ciFile("default-values.yaml")], argv);
    return (only(all, "PrometheusRule").spec as Rules).groups;
  }

  it("are the file, unless values change them", async () => {
    expect(await groups()).toEqual((parse(file) as Rules).groups);
  });

  it("take every threshold that the file names", async () => {
    expect(names.length).toBeGreaterThan(10);
    const changed = await groups(...names.map((name) => `prometheusRule.thresholds.${name}=12345`));
    const lines = changed
      .flatMap(({ rules }) => rules.map(({ expr }) => expr))
      .flatMap((expr) => expr.split("\n"))
      .filter((line) => line.includes("# threshold: "));
    expect(lines).toHaveLength(names.length);
    expect(lines.filter((line) => !/\b12345 # threshold: \w+$/.test(line))).toEqual([]);
  });
});

describe("the chart's dashboards", () => {
  it("are ConfigMaps with the label that Grafana's sidecar looks for, the file as it is", async () => {
    const map = only(await render("dashboards.enabled=true"), "ConfigMap", "-dashboard-sample");
    expect(map.metadata.labels["grafana_dashboard"]).toBe("1");
    expect(map.data).toEqual({ "sample.json": DASHBOARD });
  });

  it("can have a label, a namespace and an object for the Grafana Operator", async () => {
    const all = await render(
      "dashboards.enabled=true",
      "dashboards.label=panels",
      "dashboards.labelValue=yes",
      "dashboards.namespace=grafana",
      "dashboards.operator.enabled=true",
    );
    const map = only(all, "ConfigMap", "-dashboard-sample");
    expect(map.metadata).toMatchObject({ namespace: "grafana", labels: { panels: "yes" } });
    expect(only(all, "GrafanaDashboard").spec).toMatchObject({
      configMapRef: { name: map.metadata.name, key: "sample.json" },
    });
  });
});
