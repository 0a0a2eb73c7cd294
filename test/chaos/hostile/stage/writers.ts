import { Workload } from "../../../support/relay/workload.ts";

export const ROUTES: readonly string[] = ["order", "invoice"];

/** Writers of two routes, that can be halted for a while. */
export class Writers {
  readonly #url: string;
  readonly #seed: number;
  #routes = ROUTES;
  #running: readonly Workload[] = [];
  #turns = 0;
  /** Routes that they wrote to. */
  readonly used = [...ROUTES];

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#seed = seed;
  }

  start(): void {
    this.#turns += 1;
    const options = { writers: 1, pauseMsMax: 60, seed: this.#seed * 100 + this.#turns };
    this.#running = this.#routes.map((route) => new Workload(this.#url, { ...options, route }));
    for (const workload of this.#running) workload.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((workload) => workload.stop()));
    this.#running = [];
  }

  /** They go on with routes whose topics nobody knows yet. */
  async changeRoutes(): Promise<void> {
    await this.stop();
    this.#routes = ROUTES.map((route) => `${route}${this.#turns}`);
    this.used.push(...this.#routes);
    this.start();
  }
}
