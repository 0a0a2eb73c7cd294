import { updateResults } from "../support/proof-results.ts";
import { layerName, runLayer } from "./layers.ts";
import type { Layer, Mutant } from "./mutant.ts";
import { Workshop } from "./workshop.ts";

export interface HuntOptions {
  readonly mutants: readonly Mutant[];
  readonly isRecord: boolean;
}

interface Outcome {
  readonly mutant: Mutant;
  readonly isCaught: boolean;
  readonly finding: string;
}

/** Plants the mutants one after the other; the exit code is 0 when each was noticed by its layer, and by nothing else's failure. */
export async function hunt({ mutants, isRecord }: HuntOptions): Promise<number> {
  const workshop = await Workshop.create();
  try {
    if (!(await isSound(mutants, workshop))) return 1;
    const outcomes: Outcome[] = [];
    for (const mutant of mutants) outcomes.push(await plant(mutant, workshop));
    const caught = outcomes.filter(({ isCaught }) => isCaught).length;
    process.stdout.write(`caught ${caught} of ${outcomes.length}\n`);
    if (isRecord) await record(outcomes);
    return caught === outcomes.length ? 0 : 1;
  } finally {
    await workshop.remove();
  }
}

/** Without a bug every layer must be content, or being alarmed would mean nothing. */
async function isSound(mutants: readonly Mutant[], workshop: Workshop): Promise<boolean> {
  const layers = new Map<string, Layer>(
    mutants.map(({ caughtBy }) => [layerName(caughtBy), caughtBy]),
  );
  for (const [name, layer] of layers) {
    const { isClean, finding } = await runLayer(layer, workshop.folder);
    process.stdout.write(`${isClean ? "sound   " : "NOT SOUND"} ${name}\n`);
    if (isClean) continue;
    process.stdout.write(`without any mutant: ${finding}\n`);
    return false;
  }
  return true;
}

async function plant(mutant: Mutant, workshop: Workshop): Promise<Outcome> {
  const { name, caughtBy } = mutant;
  const startedMs = performance.now();
  const { hasNoticed, finding } = await workshop.with(mutant, () =>
    runLayer(caughtBy, workshop.folder),
  );
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const verdict = hasNoticed ? "caught  " : "SURVIVED";
  process.stdout.write(
    `${verdict} ${name} (${layerName(caughtBy)}, ${seconds} s)\n         ${finding.slice(0, 160)}\n`,
  );
  return { mutant, isCaught: hasNoticed, finding };
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
