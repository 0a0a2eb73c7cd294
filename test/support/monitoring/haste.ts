/**
 * What takes hours in an operator's life is scaled down for the test with a real Prometheus, by the names in the rule files;
 * test/alerts/ has the rules as they are.
 */
export const THRESHOLDS = {
  lagWarningSeconds: 1,
  lagCriticalSeconds: 4,
  stuckSeconds: 3,
  stuckLagSeconds: 2,
  checkpointSeconds: 3,
  checkpointWalBytes: 10_000,
  backpressureRatio: 0.2,
  takeoversMax: 3,
  retainedWalBytes: 1e6,
  exhaustionWarningSeconds: 1e7,
  exhaustionCriticalSeconds: 1e6,
  heldBackWalBytes: 100_000,
  oldTransactionSeconds: 5,
  catalogXminAge: 20,
};

/** Settings of relays that meet their limits soon. */
export const HASTY = {
  RELAY_KAFKA_REQUEST_TIMEOUT: "2s",
  RELAY_SINK_STALL_RELEASE: "15s",
  RELAY_BUFFER_MAX_BYTES: "64KiB",
  RELAY_BATCH_MAX_BYTES: "8KiB",
  RELAY_RETRY_MAX: "1s",
  RELAY_CHECKPOINT_INTERVAL: "1s",
};
