import { Demo } from "./demo.ts";

const USAGE =
  "Usage: npm run demo [-- --keep]\n  --keep  leave everything running and print the addresses\n";

const words = process.argv.slice(2);
if (words.some((word) => word !== "--keep")) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await new Demo(words.includes("--keep")).run();
}
