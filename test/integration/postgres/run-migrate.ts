import { runMigrate } from "../../../src/cli/migrate.ts";
import { CapturedOutput } from "../../support/captured-output.ts";

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `outbox-relay migrate` with the words of `argv`. */
export async function migrate(
  argv: string,
  connectionString: string,
  limits: Parameters<typeof runMigrate>[3] = {},
): Promise<Result> {
  const output = new CapturedOutput();
  const exitCode = await runMigrate(
    argv.split(" ").filter((word) => word !== ""),
    { connectionString, publication: "shop_events" },
    output,
    limits,
  );
  return { exitCode, ...output.written };
}
