import { Demo } from "./demo.ts";
import { parseOptions, USAGE } from "./options.ts";

const EXIT_USAGE = 2;

// kafkajs asks for a timer in the past, on which Node remarks; nobody at the terminal can do anything about it.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "TimeoutNegativeWarning") process.stderr.write(`${warning.stack}\n`);
});

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
