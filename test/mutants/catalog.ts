import { BACKFILL_MUTANTS } from "./backfill-mutants.ts";
import { BYTES_MUTANTS } from "./bytes-mutants.ts";
import { CAPTURE_MUTANTS } from "./capture-mutants.ts";
import { COMPRESSION_MUTANTS } from "./compression-mutants.ts";
import { ENDING_MUTANTS } from "./ending-mutants.ts";
import { FENCING_MUTANTS } from "./fencing-mutants.ts";
import { HALTS_MUTANTS } from "./halts-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { PREFLIGHT_MUTANTS } from "./preflight-mutants.ts";
import { PUBLISH_MUTANTS } from "./publish-mutants.ts";
import { REFUSAL_MUTANTS } from "./refusal-mutants.ts";
import { START_MUTANTS } from "./start-mutants.ts";
import { TABLE_MUTANTS } from "./table-mutants.ts";

/** Every bug that is planted, in the order of the way of the data. */
export const MUTANTS: readonly Mutant[] = [
  ...CAPTURE_MUTANTS,
  ...TABLE_MUTANTS,
  ...PUBLISH_MUTANTS,
  ...COMPRESSION_MUTANTS,
  ...FENCING_MUTANTS,
  ...HALTS_MUTANTS,
  ...START_MUTANTS,
  ...REFUSAL_MUTANTS,
  ...BYTES_MUTANTS,
  ...ENDING_MUTANTS,
  ...PREFLIGHT_MUTANTS,
  ...BACKFILL_MUTANTS,
];
