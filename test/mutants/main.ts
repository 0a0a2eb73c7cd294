import { parseArgs } from "node:util";
import { MUTANTS } from "./catalog.ts";
import type { HuntOptions } from "./hunt.ts";
import { hunt } from "./hunt.ts";
import { isQuick } from "./layers.ts";

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
  const mutants = MUTANTS.filter(({ name }) => name.includes(values.only ?? "")).filter(
    ({ caughtBy }) => values.quick !== true || isQuick(caughtBy),
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
