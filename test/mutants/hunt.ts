import { updateResults } from "../support/proof-results.ts";
import { alarmOfSoundTests, isQuick, layerName, runLayer } from "./layers.ts";
import type { Mutant } from "./mutant.ts";
import type { WorldName } from "./sound-worlds.ts";
import { alarmOfSoundWorlds } from "./sound-worlds.ts";
import { Workshop } from "./workshop.ts";

/** A layer without services is at work on one core for much of its time. */
const WORKSHOPS = 2;

export interface HuntOptions {
  readonly mutants: readonly Mutant[];
  readonly isRecord: boolean;
}

interface Outcome {
  readonly mutant: Mutant;
  readonly isCaught: boolean;
  /** The simulated world that noticed it. */
  readonly world: WorldName | null;
}

/**
 * Plants each mutant alone in one of two copies; those that need services wait for the others, and for one another. The exit code is 0
 * when each was noticed by its layer, and every check that noticed one is content with the sound source.
 */
export async function hunt({ mutants, isRecord }: HuntOptions): Promise<number> {
  const workshops = await Promise.all(Array.from({ length: WORKSHOPS }, () => Workshop.create()));
  try {
    const outcomes = await judged(mutants, workshops);
    if (outcomes === null) return 1;
    const caught = outcomes.filter(({ isCaught }) => isCaught).length;
    process.stdout.write(`caught ${caught} of ${outcomes.length}\n`);
    if (isRecord) await record(outcomes);
    return caught === outcomes.length ? 0 : 1;
  } finally {
    await Promise.all(workshops.map((workshop) => workshop.remove()));
  }
}

/** Null where a check is alarmed without any mutant, which makes its alarms worthless. */
async function judged(
  mutants: readonly Mutant[],
  workshops: readonly Workshop[],
): Promise<readonly Outcome[] | null> {
  const layers = mutants.map(({ caughtBy }) => caughtBy);
  const tests = await alarmOfSoundTests(layers, workshops[0]?.folder ?? "");
  if (!isSound("the tests", tests)) return null;
  const quick = mutants.filter(({ caughtBy }) => isQuick(caughtBy));
  const slow = mutants.filter(({ caughtBy }) => !isQuick(caughtBy));
  const planted = [
    ...(await plantAll(quick, workshops)),
    ...(await plantAll(slow, workshops.slice(0, 1))),
  ];
  const worlds = await alarmOfSoundWorlds(planted.flatMap(({ world }) => world ?? []));
  if (!isSound("the worlds that noticed a mutant", worlds)) return null;
  return mutants.flatMap((mutant) => planted.find((outcome) => outcome.mutant === mutant) ?? []);
}

function isSound(what: string, alarm: string | null): boolean {
  process.stdout.write(`${alarm === null ? "sound   " : "NOT SOUND"} ${what}\n`);
  if (alarm !== null) process.stdout.write(`without any mutant: ${alarm}\n`);
  return alarm === null;
}

/** Each workshop takes the next mutant when it is done with one. */
async function plantAll(
  mutants: readonly Mutant[],
  workshops: readonly Workshop[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = mutants.values();
  const lanes = await Promise.allSettled(
    workshops.map(async (workshop) => {
      for (const mutant of waiting) outcomes.push(await plant(mutant, workshop));
    }),
  );
  for (const lane of lanes) if (lane.status === "rejected") throw lane.reason;
  return outcomes;
}

async function plant(mutant: Mutant, workshop: Workshop): Promise<Outcome> {
  const { name, caughtBy } = mutant;
  const startedMs = performance.now();
  const { hasNoticed, finding, seed } = await workshop.with(mutant, () =>
    runLayer(caughtBy, workshop.folder),
  );
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const verdict = hasNoticed ? "caught  " : "SURVIVED";
  const where = seed === null ? layerName(caughtBy) : `${layerName(caughtBy)} seed ${seed}`;
  process.stdout.write(
    `${verdict} ${name} (${where}, ${seconds} s)\n         ${finding.slice(0, 160)}\n`,
  );
  const world = seed === null ? null : { isHostile: caughtBy === "hostile", seed };
  return { mutant, isCaught: hasNoticed, world };
}

async function record(outcomes: readonly Outcome[]): Promise<void> {
  await updateResults("mutants", {
    date: new Date().toISOString().slice(0, 10),
    caught: outcomes.filter(({ isCaught }) => isCaught).length,
    planted: outcomes.length,
    mutants: outcomes.map(({ mutant: { name, harm, caughtBy }, isCaught }) => ({
      name,
      harm,
      layer: layerName(caughtBy),
      isCaught,
    })),
  });
}
