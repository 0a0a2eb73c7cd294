import type { RelayError } from "../../../src/relay/errors.ts";
import type { Outcome } from "../../../src/relay/operate/operations.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import { SimProcess } from "../engine/sim-process.ts";
import { relayOptions } from "./plan.ts";
import type { SimParts } from "./sim-relay.ts";
import { CLOCKS_APART_MS, simPorts } from "./sim-relay.ts";

/** `outbox-relay repair` in a process of its own, up to where the relays that wait go on with it. */
export class SimRepair {
  readonly process: SimProcess;
  outcome: Outcome | null = null;
  refusal: RelayError | null = null;

  constructor(name: string, parts: SimParts) {
    const { clock, plan } = parts;
    this.process = new SimProcess(name, clock, clock.pick(CLOCKS_APART_MS));
    const ports = simPorts(this.process, parts, 1, () => undefined);
    const operations = new Operations(ports, relayOptions(plan, name));
    const leave = async (): Promise<void> => {
      await ports.database.release();
      await ports.sink.close();
      this.process.die();
    };
    void operations.repair(false, new AbortController().signal).then(
      (outcome) => {
        this.outcome = outcome;
        return leave();
      },
      (error: RelayError) => {
        this.refusal = error;
        return leave();
      },
    );
  }

  get hasEnded(): boolean {
    return !this.process.isAlive;
  }
}
