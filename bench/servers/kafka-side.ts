import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ProcessGuard } from "../../src/demo/services/process-guard.ts";
import { benchJars, jdk } from "./jars.ts";

const SOURCE = fileURLToPath(new URL("../java/KafkaSide.java", import.meta.url));
/** A pause of the consumer would count as latency: memory that is there from the start, and a small young generation. */
const FLAGS = [
  "-Xms512m",
  "-Xmx1g",
  "-Xmn256m",
  "-XX:+UseParallelGC",
  "-XX:+AlwaysPreTouch",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

/** What a topic holds, against rows that are numbered from 1. */
export interface Scan {
  readonly records: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly foreign: number;
  readonly firstAppendMs: number;
  readonly lastAppendMs: number;
}

/** From the commit to a read_committed consumer. */
export interface Latency {
  readonly received: number;
  readonly measured: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Kafka's own Java client in a process of its own: topics, offsets, a live consumer. */
export class KafkaSide {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #output = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error("the Kafka side has no output");
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4_000);
    });
    child.stdin?.on("error", () => undefined); // That it is gone shows at the next answer.
  }

  static async start(brokers: readonly string[], guard: ProcessGuard): Promise<KafkaSide> {
    const classPath = ["-cp", join(await benchJars(), "*")];
    const java = join(await jdk(), "bin", "java");
    const child = spawn(java, [...FLAGS, ...classPath, SOURCE, brokers.join(",")], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    guard.watch(child, "KILL");
    return new KafkaSide(child);
  }

  /** A topic whose records have the broker's time. */
  async createTopic(name: string, partitions: number, settings: readonly string[]): Promise<void> {
    await this.#ask(`topic ${[name, partitions, ...settings].join(" ")}`);
  }

  async removeTopic(name: string): Promise<void> {
    await this.#ask(`remove ${name}`);
  }

  /** The sum of the end offsets; markers of transactions count. */
  async ends(topic: string): Promise<number> {
    const { ends } = (await this.#ask(`ends ${topic}`)) as { ends: number };
    return ends;
  }

  async scan(topic: string, rows: number): Promise<Scan> {
    return (await this.#ask(`scan ${topic} ${rows}`)) as Scan;
  }

  /** Resolves once the consumer is at the end of the topic; `result` when it has `rows`, or after `seconds`. */
  async latency(
    topic: string,
    { rows, seconds, warmUp }: { rows: number; seconds: number; warmUp: number },
  ): Promise<{ readonly result: Promise<Latency> }> {
    await this.#ask(`latency ${topic} ${rows} ${seconds} ${warmUp}`);
    return { result: this.#answer("latency") as Promise<Latency> };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    const late = AbortSignal.timeout(5_000);
    await Promise.race([ended, delay(5_000, undefined, { signal: late }).catch(() => undefined)]);
    this.#child.kill("SIGKILL");
  }

  #ask(command: string): Promise<unknown> {
    this.#child.stdin?.write(`${command}\n`);
    return this.#answer(command);
  }

  async #answer(command: string): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done === true)
      throw new Error(`the Kafka side ended at \`${command}\`; its output:\n${this.#output}`);
    const answer = JSON.parse(value) as { readonly error?: string };
    if (answer.error !== undefined) throw new Error(`the Kafka side failed: ${answer.error}`);
    return answer;
  }
}
