#!/usr/bin/env node
import { main } from "./cli/command.ts";

// A reader of our output may stop before the end, as `migrate print | head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));
