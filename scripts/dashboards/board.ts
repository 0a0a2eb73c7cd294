import type { Panel, Target } from "./panels.ts";
import { letterOf, thresholds } from "./panels.ts";

const DATASOURCE = { type: "prometheus", uid: "$datasource" };
const COLUMNS = 24;
/** Grafana's code for: when the dashboard's time range changes. */
const REFRESH_ON_TIME_RANGE = 2;
const SCHEMA_VERSION = 39;

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Board {
  /** Of the file, and of the dashboard's address. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Whether one may choose a slot. */
  readonly hasSlot: boolean;
  readonly rows: readonly Row[];
}

/** The file as Grafana imports it. */
export function boardJson(board: Board): string {
  const { name, title, description, hasSlot, rows } = board;
  const document = {
    uid: `outbox-relay-${name}`,
    title,
    description,
    tags: ["outbox-relay"],
    editable: false,
    graphTooltip: 1,
    refresh: "30s",
    schemaVersion: SCHEMA_VERSION,
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    links: [
      {
        type: "dashboards",
        tags: ["outbox-relay"],
        title: "outbox-relay",
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    annotations: { list: annotations() },
    templating: { list: variables(hasSlot) },
    panels: placed(rows),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function variables(hasSlot: boolean): object[] {
  const slots = query("slot", "Slot", `label_values(${select("relay_leader")}, slot)`);
  return [
    { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
    query("job", "Job", "label_values(relay_build_info, job)"),
    query("instance", "Instance", 'label_values(relay_build_info{job=~"$job"}, instance)'),
    ...(hasSlot ? [slots] : []),
  ];
}

function query(name: string, label: string, text: string): object {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query: text, refId: "StandardVariableQuery" },
    definition: text,
    refresh: REFRESH_ON_TIME_RANGE,
    multi: true,
    includeAll: true,
    allValue: ".+",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    sort: 1,
  };
}

function annotations(): object[] {
  const of = (name: string, expr: string, titleFormat: string, iconColor: string): object => ({
    name,
    datasource: DATASOURCE,
    enable: true,
    expr,
    titleFormat,
    iconColor,
    step: "30s",
  });
  const versions = `count by (version) (${select("relay_build_info")})`;
  const before = `count by (version) (${select("relay_build_info")} offset 5m)`;
  const transitions = select("relay_leader_transitions_total", 'reason!="released"');
  return [
    of("New version", `${versions} unless ${before}`, "{{version}}", "blue"),
    of(
      "Leadership",
      `sum by (instance, reason) (increase(${transitions}[$__rate_interval])) > 0`,
      "{{instance}}: {{reason}}",
      "orange",
    ),
  ];
}

/** `metric` of the relays that were chosen; `matchers` are more of them, as PromQL writes them. */
export function select(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(", ")}}`;
}

/** The same for a metric that has a label `slot`, where one may be chosen. */
export function ofSlot(metric: string, ...matchers: readonly string[]): string {
  return select(metric, 'slot=~"$slot"', ...matchers);
}

/** Per second, as fast as the scrapes allow to tell. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** Of a histogram; `selector` names its buckets. */
export function quantile(share: number, selector: string): string {
  return `histogram_quantile(${share}, sum by (le) (${rate(selector)}))`;
}

function placed(rows: readonly Row[]): object[] {
  const out: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    out.push({ id: out.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let [x, lineHeight] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, lineHeight] = [0, y + lineHeight, 0];
      out.push(panelJson(panel, out.length + 1, { x, y, w: panel.width, h: panel.height }));
      x += panel.width;
      lineHeight = Math.max(lineHeight, panel.height);
    }
    y += lineHeight;
  }
  return out;
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const { type, title, description, unit, steps, noValue, options, defaults } = panel;
  const field = { unit, thresholds: thresholds(steps), ...(noValue !== undefined && { noValue }) };
  return {
    id,
    type,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { ...field, ...defaults }, overrides: panel.overrides ?? [] },
    options,
    targets: panel.targets.map((target, at) => targetJson(target, letterOf(at), type)),
    ...(panel.transformations !== undefined && { transformations: panel.transformations }),
  };
}

const FORMATS: Partial<Record<Panel["type"], string>> = { table: "table", heatmap: "heatmap" };

function targetJson({ expr, legend }: Target, refId: string, type: Panel["type"]): object {
  const isInstant = type === "stat" || type === "table";
  return {
    refId,
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    format: FORMATS[type] ?? "time_series",
    instant: isInstant,
    range: !isInstant,
  };
}
