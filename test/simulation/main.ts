import { runCampaign } from "./campaign.ts";
import { parseOptions, USAGE } from "./options.ts";
import { replay } from "./replay.ts";

const options = parseOptions(process.argv.slice(2));
if ("problem" in options) {
  process.stderr.write(`${options.problem}\n\n${USAGE}`);
  process.exitCode = 2;
} else if (options.isHelp) {
  process.stdout.write(USAGE);
} else if (options.isTrace) {
  process.exitCode = await replay(options);
} else {
  process.exitCode = await runCampaign(options);
}
