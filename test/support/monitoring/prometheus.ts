import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcess, untilReady } from "../../../src/demo/services/child-process.ts";
import { freePorts } from "../../../src/demo/services/free-ports.ts";
import { ProcessGuard } from "../../../src/demo/services/process-guard.ts";

const START_DEADLINE_MS = 30_000;

export interface ScrapeTarget {
  readonly job: string;
  readonly port: number;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface ApiRule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

/** A Prometheus of our own that scrapes and evaluates every second. */
export class Prometheus {
  readonly #folder: string;
  readonly #guard: ProcessGuard;
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly startedAtMs = Date.now();

  private constructor(folder: string, guard: ProcessGuard, child: ChildProcess, url: string) {
    this.#folder = folder;
    this.#guard = guard;
    this.#child = child;
    this.#url = url;
  }

  /** `rules`: rule files by their names. */
  static async start(rules: ReadonlyMap<string, string>): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), "outbox-relay-prometheus-"));
    const guard = new ProcessGuard(folder);
    try {
      await writeFile(join(folder, "targets.json"), "[]");
      await writeFile(join(folder, "prometheus.yml"), configuration([...rules.keys()]));
      for (const [name, text] of rules) await writeFile(join(folder, name), text);
      const [port = 0] = await freePorts(1);
      const child = spawn("prometheus", flags(folder, port), {
        stdio: ["ignore", "ignore", "pipe"],
      });
      guard.watch(child, "KILL");
      const what = "prometheus (apt-get install prometheus)";
      await untilReady(child, what, /ready to receive web requests/, START_DEADLINE_MS);
      return new Prometheus(folder, guard, child, `http://127.0.0.1:${port}`);
    } catch (error) {
      await guard.close();
      throw error;
    }
  }

  /** What is scraped from now on. */
  async scrape(targets: readonly ScrapeTarget[]): Promise<void> {
    const groups = targets.map(({ job, port }) => ({
      targets: [`127.0.0.1:${port}`],
      labels: { job },
    }));
    const file = join(this.#folder, "targets.json");
    // A file that is written in place may be read half.
    await writeFile(`${file}.new`, JSON.stringify(groups));
    await rename(`${file}.new`, file);
  }

  /** Every series of the result since the start, a value each second. */
  async range(expr: string): Promise<readonly Sample[]> {
    const data = await this.#ask<{
      result: readonly { metric: Record<string, string>; values: [number, string][] }[];
    }>("query_range", {
      query: expr,
      start: String(this.startedAtMs / 1_000),
      end: String(Date.now() / 1_000),
      step: "1",
    });
    return data.result.map(({ metric, values }) => ({
      labels: metric,
      values: values.map(([, value]) => Number(value)),
    }));
  }

  async firing(): Promise<readonly FiringAlert[]> {
    const { alerts } = await this.#ask<{
      alerts: readonly (FiringAlert & { readonly state: string })[];
    }>("alerts", {});
    return alerts.filter(({ state }) => state === "firing");
  }

  /** What Prometheus says of rules that it could not evaluate. */
  async ruleErrors(): Promise<readonly string[]> {
    const { groups } = await this.#ask<{ groups: readonly { rules: readonly ApiRule[] }[] }>(
      "rules",
      {},
    );
    return groups
      .flatMap(({ rules }) => rules)
      .filter(({ health }) => health === "err")
      .map(({ name, lastError }) => `${name}: ${lastError ?? ""}`);
  }

  async stop(): Promise<void> {
    await endProcess(this.#child, "SIGKILL");
    await this.#guard.close();
  }

  async #ask<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const url = `${this.#url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`;
    const answer = (await (await fetch(url)).json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: T;
    };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error ?? ""}`);
    return answer.data;
  }
}

function flags(folder: string, port: number): string[] {
  return [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
}

function configuration(ruleFiles: readonly string[]): string {
  return `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [${ruleFiles.join(", ")}]
scrape_configs:
  - job_name: relays
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
`;
}
