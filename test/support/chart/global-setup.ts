import { provide, TOOLS } from "./tools.ts";

/** Finds or builds the programs once; test files find their paths in the environment. */
export default async function globalSetup(): Promise<void> {
  for (const tool of TOOLS) process.env[tool.variable] = await provide(tool);
}
