import type { Logger } from "pino";

/** kafkajs 2.2.4 asks for timers in the past now and then; Node fires them at once, which is what it wants. */
const HARMLESS = new Set(["TimeoutNegativeWarning"]);

/** Warnings of the runtime become log lines, instead of plain text among them. */
export function logNodeWarnings(logger: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    if (!HARMLESS.has(name)) logger.warn({ code: "NODE_WARNING", warning: name }, message);
  });
}
