/** How a relay sets up the topic that it makes for its checkpoint. */
export const CHECKPOINT_SETTINGS: Readonly<Record<string, string>> = {
  "cleanup.policy": "compact",
  "compression.type": "producer",
  "min.cleanable.dirty.ratio": "0.1",
  // A clock of ours that is an hour ahead must not have the checkpoint refused (message.timestamp.after.max.ms).
  "message.timestamp.type": "LogAppendTime",
  "segment.bytes": "16777216",
};

/**
 * Whether a topic is one that a relay made for its checkpoint, whatever its name: nobody else sets a topic up like that. One
 * that a person made for a relay, or whose settings may not be seen, is not recognised.
 */
export function isMadeForCheckpoints(
  partitions: number,
  settings: ReadonlyMap<string, string>,
): boolean {
  return (
    partitions === 1 &&
    Object.entries(CHECKPOINT_SETTINGS).every(([name, value]) => settings.get(name) === value)
  );
}
