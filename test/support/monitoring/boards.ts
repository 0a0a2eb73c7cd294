import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../config/dashboards/", import.meta.url));

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface BoardTarget {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

export interface BoardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPos;
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly BoardTarget[];
}

export interface BoardVariable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid: string };
}

export interface BoardFile {
  readonly name: string;
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly panels: readonly BoardPanel[];
  readonly templating: { readonly list: readonly BoardVariable[] };
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr: string }[];
  };
}

/** The dashboards as Grafana would read them. */
export function boardFiles(): readonly BoardFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => ({ ...(JSON.parse(readFileSync(FOLDER + name, "utf8")) as BoardFile), name }));
}

export interface BoardQuery {
  /** Where it stands, for messages: dashboard, panel, letter. */
  readonly place: string;
  readonly expr: string;
}

/** Every query of a dashboard: of panels, of annotations. */
export function boardQueries({ name, panels, annotations }: BoardFile): readonly BoardQuery[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ place: `${name} / ${title} / ${refId}`, expr })),
  );
  const ofAnnotations = annotations.list.map((one) => ({
    place: `${name} / annotation ${one.name}`,
    expr: one.expr,
  }));
  return [...ofPanels, ...ofAnnotations];
}
