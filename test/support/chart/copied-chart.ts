import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CHART } from "./chart.ts";

/** A copy of the chart with files of the test's own in it. */
export class CopiedChart {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `files`: texts by their paths in the chart; null takes a file or folder away. */
  static async with(files: Readonly<Record<string, string | null>>): Promise<CopiedChart> {
    const chart = new CopiedChart(await mkdtemp(join(tmpdir(), "outbox-relay-chart-")));
    await cp(CHART, chart.path, { recursive: true });
    for (const [path, text] of Object.entries(files))
      await chart.#put(join(chart.path, path), text);
    return chart;
  }

  /** A chart that has ours as a dependency, unpacked below it. */
  static async parent(values: string): Promise<CopiedChart> {
    const chart = new CopiedChart(await mkdtemp(join(tmpdir(), "outbox-relay-chart-")));
    const dependency = `{ name: outbox-relay, version: "*", condition: outbox-relay.enabled }`;
    const meta = `apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n  - ${dependency}\n`;
    await chart.#put(join(chart.path, "Chart.yaml"), meta);
    await chart.#put(join(chart.path, "values.yaml"), values);
    await cp(CHART, join(chart.path, "charts", "outbox-relay"), { recursive: true });
    return chart;
  }

  get path(): string {
    return join(this.#folder, "chart");
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #put(path: string, text: string | null): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    if (text === null) await rm(path, { recursive: true, force: true });
    else await writeFile(path, text);
  }
}
