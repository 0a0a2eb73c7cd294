import { until } from "../until.ts";
import type { CommandResult, RelayFixture } from "./fixture.ts";
import type { RelayProcess } from "./relay-process.ts";

const QUICK = {
  RELAY_RETRY_MAX: "500ms",
  RELAY_CHECKPOINT_INTERVAL: "500ms",
  RELAY_TRANSACTION_TIMEOUT: "5s",
};

/** Relays that divide the keys of a fixture's outbox among them. */
export class Division {
  readonly #fixture: RelayFixture;
  readonly count: number;
  readonly #relays = new Map<number, RelayProcess>();

  constructor(fixture: RelayFixture, count: number) {
    this.#fixture = fixture;
    this.count = count;
  }

  settings(index: number): Record<string, string> {
    const { slot, publication } = this.#fixture.names;
    const suffix = `_s${index}of${this.count}`;
    return {
      ...QUICK,
      RELAY_SHARD: `${index}/${this.count}`,
      RELAY_SLOT_NAME: slot + suffix,
      RELAY_PUBLICATION_NAME: publication + suffix,
    };
  }

  slot(index: number): string {
    return this.settings(index)["RELAY_SLOT_NAME"] as string;
  }

  relay(index: number): RelayProcess {
    return this.#relays.get(index) as RelayProcess;
  }

  command(index: number, ...argv: string[]): Promise<CommandResult> {
    return this.#fixture.command(argv, this.settings(index));
  }

  /** Each shard's publication, as the migration makes it. */
  async migrate(): Promise<void> {
    for (const index of this.#indexes) {
      const { code, stderr } = await this.command(index, "migrate", "up");
      if (code !== 0) throw new Error(`migrate up of shard ${index} ended with ${code}: ${stderr}`);
    }
  }

  /** Starts a relay for each shard that has none running, and waits until all of them stream. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.launch(settings);
    for (const relay of this.#relays.values()) await relay.reaches("streaming");
  }

  /** The same without waiting. */
  launch(settings: Readonly<Record<string, string>> = {}): void {
    for (const index of this.#indexes) {
      if (this.#relays.get(index)?.hasEnded === false) continue;
      const all = { ...this.settings(index), ...settings };
      this.#relays.set(index, this.#fixture.start(all));
    }
  }

  /** Waits until nothing that is committed now is still to be published. */
  async caughtUp(): Promise<void> {
    for (const [index, relay] of this.#relays) {
      await this.#fixture.caughtUp(relay, 60_000, this.slot(index));
    }
  }

  async stop(): Promise<void> {
    for (const relay of this.#relays.values()) await relay.stop();
    this.#relays.clear();
  }

  async kill(): Promise<void> {
    for (const relay of this.#relays.values()) await relay.kill();
    this.#relays.clear();
  }

  /** As an operator does, again where a walsender has not seen yet that its relay is gone. */
  async dropSlots(): Promise<void> {
    for (const index of this.#indexes) {
      const argv = ["slot", "drop", "--confirm", this.slot(index)];
      await until(
        async () => (await this.command(index, ...argv)).code === 0,
        30_000,
        `${argv.join(" ")} to be done`,
      );
    }
  }

  get #indexes(): readonly number[] {
    return Array.from({ length: this.count }, (_, index) => index);
  }
}
