import type { Figures } from "./report/figures.ts";
import { Unavailable } from "./servers/jars.ts";
import type { World } from "./servers/world.ts";
import { DebeziumPublisher } from "./systems/debezium-publisher.ts";
import { RelayPublisher } from "./systems/relay-publisher.ts";
import type { OwnRelay, Publisher, PublisherName, RelayBefore, System } from "./systems/system.ts";
import { isBefore, isOwnRelay, TITLES } from "./systems/system.ts";

/** What all rows share: servers, figures, what is missing, and the details that go to the JSON only. */
export interface Bench {
  readonly world: World;
  readonly figures: Figures;
  readonly systems: readonly System[];
  /** The built program of the checkout that this one is compared with; null where there is none. */
  readonly before: string | null;
  /** Sentences for below the table: why a system has no figures, and which figures mean little. */
  readonly remarks: Set<string>;
  /** Every single run, as it came. */
  readonly details: object[];
  readonly progress: (line: string) => void;
}

let runs = 0;

/** A name for a slot and a topic that no other run of this world has. */
export function freshRun(system: System): string {
  runs += 1;
  return `${system.replaceAll("-", "_")}_${runs}`;
}

/** Lets `work` use a publisher, with a worker of its own where it needs one; keeps a note where it cannot be had. */
export async function withPublisher(
  bench: Bench,
  system: PublisherName,
  work: (publisher: Publisher) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await unlessUnavailable(bench, system, async () => {
    const publisher = await publisherOf(bench, system, settings);
    try {
      await work(publisher);
    } finally {
      await publisher.close();
    }
  });
}

/** A missing program or jar leaves the column empty, with the reason below the table; anything else is a failure. */
export async function unlessUnavailable(
  bench: Bench,
  system: System,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const remark = `${TITLES[system]} is left out: ${error.message}`;
    if (!bench.remarks.has(remark)) bench.progress(remark);
    bench.remarks.add(remark);
  }
}

function publisherOf(
  { world, before, progress }: Bench,
  system: PublisherName,
  settings: Readonly<Record<string, string>>,
): Publisher | Promise<Publisher> {
  if (isOwnRelay(system)) return new RelayPublisher(world, relaySettings(system, settings));
  if (isBefore(system)) {
    if (before === null) throw new Error(`no checkout was named for ${TITLES[system]}`);
    return new RelayPublisher(world, relaySettings(system, settings), before);
  }
  progress(`starting Kafka Connect for ${TITLES[system]}`);
  return DebeziumPublisher.start(world, system === "debezium-eos");
}

function relaySettings(
  system: OwnRelay | RelayBefore,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const isExactlyOnce = system === "relay" || system === "before";
  return isExactlyOnce ? settings : { RELAY_DELIVERY: "at-least-once", ...settings };
}
