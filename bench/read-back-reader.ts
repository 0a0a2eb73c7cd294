/** Reads one topic back for bench/read-back.ts. Arguments: brokers, topic, `since` or `after`, time or position. */
import { readFile } from "node:fs/promises";
import { KafkaPublishedEvents } from "../src/kafka/kafka-published-events.ts";
import { KafkajsChannel } from "../src/kafka/kafkajs-channel.ts";
import { systemClock } from "../src/ops/system-clock.ts";
import { print } from "./rig.ts";

const [brokers = "", topic = "", way = "", from = ""] = process.argv.slice(2);
const channel = new KafkajsChannel({
  brokers: brokers.split(","),
  clientId: "bench",
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
});
const options = { requestTimeoutMs: 30_000, undecidedMsMax: 30_000 };
const published = new KafkaPublishedEvents(channel, systemClock, options);
const idleMb = await rssMbMax();
const signal = new AbortController().signal;
const startedMs = performance.now();
let idBytes = 0;
const found = ({ id }: { readonly id: string }): void => {
  idBytes += id.length;
};
const { records } =
  way === "since"
    ? await published.since([topic], Number(from), found, signal)
    : await published.after(new RegExp(`^${topic}$`), from, found, signal);
const seconds = (performance.now() - startedMs) / 1000;
channel.close();
const perSecond = Math.round(records / seconds);
const cpuUsPerEvent = Number((process.cpuUsage().user / Math.max(records, 1)).toFixed(2));
const ms = Math.round(seconds * 1000);
print({
  way,
  topic,
  events: records,
  ms,
  perSecond,
  cpuUsPerEvent,
  idBytes,
  idleMb,
  rssMbMax: await rssMbMax(),
});

/** Largest resident set so far; Linux only. */
async function rssMbMax(): Promise<number> {
  const text = await readFile("/proc/self/status", "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(text)?.[1]) / 1024);
}
