import { Demo } from "./demo.ts";
import { parseOptions, USAGE } from "./options.ts";

const EXIT_USAGE = 2;

const options = parseOptions(process.argv.slice(2));
if (options === "help") {
  process.stdout.write(USAGE);
} else if ("problem" in options) {
  process.stderr.write(`${options.problem}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
} else {
  const code = await new Demo(options).run();
  // Everything is put away; a connection that lingers must not hold up the prompt.
  process.exit(code);
}
