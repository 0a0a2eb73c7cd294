import { RelayError } from "../relay/errors.ts";
import { shown } from "../relay/inert-text.ts";

/** `RELAY_TRANSACTIONAL_ID_FORMER`: no relay with ids of another prefix is left, so that nothing has to be fenced of it. */
export const NO_FORMER_IDS = "none";
/** No relay uses more (`RELAY_TRANSACTIONAL_IDS`). */
const IDS_MAX = 8;

export interface FormerIdOptions {
  readonly slot: string;
  readonly checkpointTopic: string;
  readonly transactionalIdPrefix: string;
  /** A prefix from before, or `NO_FORMER_IDS`; null: there was no other. */
  readonly transactionalIdFormer: string | null;
}

/**
 * The ids of the last incarnation that its successor fences: those that a relay with these settings can have used.
 * A record in the checkpoint topic can name any id, and fencing an id ends the transaction of its user.
 * Throws RelayError `TRANSACTIONAL_ID_FOREIGN` for others, because a relay that uses them may still be at work.
 */
export function formerIds(names: readonly string[], options: FormerIdOptions): readonly string[] {
  const { transactionalIdPrefix, transactionalIdFormer } = options;
  const prefixes = [transactionalIdPrefix, transactionalIdFormer ?? transactionalIdPrefix];
  const isOurs = (name: string): boolean => prefixes.some((prefix) => isIdOf(name, prefix));
  const other = names.find((name) => !isOurs(name));
  if (other !== undefined && transactionalIdFormer !== NO_FORMER_IDS)
    throw foreign(other, names.length, options);
  return [...new Set(names.filter(isOurs))];
}

function isIdOf(name: string, prefix: string): boolean {
  const turn = name.startsWith(`${prefix}-`) ? name.substring(prefix.length + 1) : "";
  return /^\d$/.test(turn) && Number(turn) < IDS_MAX;
}

function foreign(
  name: string,
  count: number,
  { slot, checkpointTopic, transactionalIdPrefix }: FormerIdOptions,
): RelayError {
  return new RelayError(
    `the topic ${checkpointTopic} says that the last relay of slot "${slot}" used ${count} transactional ids, among them "${shown(name)}", which is none of ${transactionalIdPrefix}-0 to -${IDS_MAX - 1} (RELAY_TRANSACTIONAL_ID): it may be another program's, so nothing was fenced`,
    {
      code: "TRANSACTIONAL_ID_FOREIGN",
      remedy: "halt",
      hint: `Was RELAY_TRANSACTIONAL_ID changed: set RELAY_TRANSACTIONAL_ID_FORMER to the prefix from before, and take it out again once the relay streams. Was it not, somebody else wrote into the topic: find out who may (docs/security.md), stop every other relay of the slot, and start once with RELAY_TRANSACTIONAL_ID_FORMER=${NO_FORMER_IDS}.`,
    },
  );
}
