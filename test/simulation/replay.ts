import { runHostile } from "./hostile/run-hostile.ts";
import type { SimulateOptions } from "./options.ts";
import { runWorld } from "./world/run-world.ts";

/** One run with everything that happens in it on stdout; the verdict comes last. */
export async function replay({ seed, faults, isHostile }: SimulateOptions): Promise<number> {
  const trace = (line: string): void => void process.stdout.write(`${line}\n`);
  const world = isHostile ? runHostile(seed, { trace }) : runWorld(seed, { only: faults, trace });
  const { violations, plan } = await world;
  process.stdout.write(`seed ${seed}: ${JSON.stringify(plan)}\n`);
  for (const { letter, text } of violations) process.stdout.write(`${letter}: ${text}\n`);
  process.stdout.write(violations.length === 0 ? "nothing is wrong\n" : "");
  return violations.length === 0 ? 0 : 1;
}
