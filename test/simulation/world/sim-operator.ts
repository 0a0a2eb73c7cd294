import { pause } from "../../../src/relay/clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import type { RelayPorts } from "../../../src/relay/ports.ts";
import { SimProcess } from "../engine/sim-process.ts";
import { relayOptions } from "./plan.ts";
import type { SimParts } from "./sim-relay.ts";
import { simPorts } from "./sim-relay.ts";

const AGAIN_MS = 20;

/** A person who runs `accept publication` until it has been done, as the command does. */
export class SimOperator {
  readonly #process: SimProcess;
  readonly #ports: RelayPorts;
  readonly #operations: Operations;
  hasAccepted = false;

  constructor(name: string, parts: SimParts) {
    this.#process = new SimProcess(name, parts.clock);
    this.#ports = simPorts(this.#process, parts, 1, () => undefined);
    this.#operations = new Operations(this.#ports, relayOptions(parts.plan, name));
    void this.#accept();
  }

  async #accept(): Promise<void> {
    const { signal } = new AbortController();
    while (!this.hasAccepted) {
      try {
        await this.#operations.acceptPublication(signal);
        this.hasAccepted = true;
      } catch (error) {
        if (!(error instanceof RelayError)) throw error;
        await pause(this.#process, AGAIN_MS, signal);
      } finally {
        await this.#ports.database.release();
        await this.#ports.sink.close();
      }
    }
  }
}
