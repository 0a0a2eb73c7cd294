import { parseArgs } from "node:util";
import { CAPTURE_MUTANTS } from "./capture-mutants.ts";
import { FENCING_MUTANTS } from "./fencing-mutants.ts";
import type { HuntOptions } from "./hunt.ts";
import { hunt } from "./hunt.ts";
import { PUBLISH_MUTANTS } from "./publish-mutants.ts";

const USAGE = `Usage: npm run mutants -- [--quick] [--only TEXT] [--record]

Plants each known bug in a copy of the source, and runs the layer that must notice it.

  --quick      leaves out those that need Postgres and Kafka
  --only TEXT  only mutants whose name holds the text
  --record     writes the figures into docs/proof-results.json
`;

function read(argv: string[]): HuntOptions | null {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: "boolean" },
      only: { type: "string" },
      record: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return null;
  const all = [...CAPTURE_MUTANTS, ...PUBLISH_MUTANTS, ...FENCING_MUTANTS];
  const mutants = all
    .filter(({ name }) => name.includes(values.only ?? ""))
    .filter(
      ({ caughtBy }) => values.quick !== true || caughtBy === "simulation" || "unit" in caughtBy,
    );
  if (mutants.length === 0) throw new Error(`--only: no mutant's name holds "${values.only}"`);
  return { mutants, isRecord: values.record ?? false };
}

try {
  const options = read(process.argv.slice(2));
  if (options === null) process.stdout.write(USAGE);
  else process.exitCode = await hunt(options);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
