/** A relay that is told to nobody: no metrics, no HTTP, no log. What `metrics-cost.ts` compares the real one with. */
import { relayOptions } from "../../src/cli/adapters.ts";
import { relayPorts } from "../../src/cli/relay-ports.ts";
import { loadConfig } from "../../src/config/load.ts";
import { keepHeapSmall } from "../../src/ops/small-heap.ts";
import { silentObserver } from "../../src/relay/observer.ts";
import { Relay } from "../../src/relay/relay.ts";

keepHeapSmall();
process.removeAllListeners("warning"); // Of kafkajs's timers; the real one has them in its log.
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const { config } = loadConfig(process.env);
const relay = new Relay(relayPorts(config, silentObserver()), relayOptions(config), {
  stateChanged: ({ name }) => process.stdout.write(`${JSON.stringify({ state: name })}\n`),
});
await relay.run(stop.signal);
