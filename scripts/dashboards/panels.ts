/** A query of a panel. */
export interface Target {
  readonly expr: string;
  /** How Grafana names a series: `{{label}}` puts a label in. */
  readonly legend: string;
}

/** Colours from a value on, the first one from the bottom. */
export type Steps = readonly (readonly [from: number | null, colour: string])[];

/** What makes one panel different from another of its kind. */
export interface PanelSpec {
  readonly title: string;
  /** What it tells, and what to think of it. */
  readonly description: string;
  /** One of Grafana's units. */
  readonly unit: string;
  readonly targets: readonly Target[];
  /** Of 24 columns. */
  readonly width: number;
  readonly steps?: Steps;
  /** Shown where no series is: often that is good news. */
  readonly noValue?: string;
}

export interface Panel extends PanelSpec {
  readonly type: "stat" | "timeseries" | "state-timeline" | "heatmap" | "table";
  /** In rows of Grafana's grid. */
  readonly height: number;
  readonly options: object;
  readonly defaults: object;
  readonly overrides?: readonly object[];
  readonly transformations?: readonly object[];
}

/** `targets`: queries by their legend. */
export function spec(
  [title, unit, width]: readonly [title: string, unit: string, width: number],
  description: string,
  targets: Readonly<Record<string, string>>,
  more: Pick<PanelSpec, "steps" | "noValue"> = {},
): PanelSpec {
  const list = Object.entries(targets).map(([legend, expr]) => ({ legend, expr }));
  return { title, unit, width, description, targets: list, ...more };
}

const PLAIN: Steps = [[null, "green"]];

/** One number for now, on a colour that judges it. */
export function stat(spec: PanelSpec, options: object = {}): Panel {
  return {
    ...spec,
    type: "stat",
    height: 4,
    options: {
      colorMode: "background",
      graphMode: "none",
      justifyMode: "auto",
      textMode: "auto",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      ...options,
    },
    defaults: {},
  };
}

/** The text of a label instead of a number. */
export function textStat(spec: PanelSpec): Panel {
  return stat(spec, { textMode: "name", colorMode: "none" });
}

export interface LineOptions {
  readonly isStacked?: boolean;
  readonly isLogarithmic?: boolean;
}

export function lines(spec: PanelSpec, { isStacked, isLogarithmic }: LineOptions = {}): Panel {
  return {
    ...spec,
    type: "timeseries",
    height: 8,
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { mode: "multi", sort: "desc" },
    },
    defaults: {
      min: 0,
      custom: {
        drawStyle: "line",
        fillOpacity: isStacked === true ? 60 : 10,
        lineWidth: 1,
        showPoints: "never",
        stacking: { group: "A", mode: isStacked === true ? "normal" : "none" },
        ...(isLogarithmic === true && { scaleDistribution: { type: "log", log: 10 } }),
      },
    },
  };
}

/** Which of several states holds, over time. */
export function timeline(spec: PanelSpec, names: Readonly<Record<string, Mapping>>): Panel {
  return {
    ...spec,
    type: "state-timeline",
    height: 6,
    options: {
      alignValue: "left",
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: "auto",
    },
    defaults: {
      custom: { fillOpacity: 80, lineWidth: 0 },
      mappings: [{ type: "value", options: names }],
    },
  };
}

export interface Mapping {
  readonly text: string;
  readonly color: string;
  readonly index: number;
}

/** How many observations fell into which bucket of a histogram, over time. */
export function heatmap(spec: PanelSpec): Panel {
  return {
    ...spec,
    type: "heatmap",
    height: 8,
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: "scheme", scheme: "Blues", steps: 64, exponent: 0.5 },
      yAxis: { axisPlacement: "left", unit: spec.unit, reverse: false },
      tooltip: { mode: "single", yHistogram: true },
      legend: { show: true },
    },
    defaults: {},
  };
}

export interface Column {
  readonly title: string;
  readonly unit: string;
  readonly steps?: Steps;
}

/** One line for each value of the label `by`; each target is a column. */
export function table(spec: PanelSpec, by: string, columns: readonly Column[]): Panel {
  const byName = (letter: string, title: string) => [`Value #${letter}`, title] as const;
  const names = columns.map(({ title }, at) => byName(letterOf(at), title));
  return {
    ...spec,
    type: "table",
    height: 8,
    options: { showHeader: true, cellHeight: "sm" },
    defaults: { custom: { align: "auto", filterable: true } },
    overrides: columns.map(({ title, unit, steps = PLAIN }) => ({
      matcher: { id: "byName", options: title },
      properties: [
        { id: "unit", value: unit },
        { id: "thresholds", value: thresholds(steps) },
        ...(steps.length > 1
          ? [{ id: "custom.cellOptions", value: { type: "color-background" } }]
          : []),
      ],
    })),
    transformations: [
      { id: "joinByField", options: { byField: by, mode: "outer" } },
      {
        id: "organize",
        options: {
          excludeByName: Object.fromEntries(columns.map((_, at) => [`Time ${at + 1}`, true])),
          renameByName: { [by]: by, ...Object.fromEntries(names) },
        },
      },
    ],
  };
}

export function letterOf(at: number): string {
  return String.fromCharCode("A".charCodeAt(0) + at);
}

export function thresholds(steps: Steps = PLAIN): object {
  return { mode: "absolute", steps: steps.map(([value, color]) => ({ color, value })) };
}
