import type { Logger } from "pino";

/** Warnings of the runtime become log lines, instead of plain text among them. */
export function logNodeWarnings(logger: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    logger.warn({ code: "NODE_WARNING", warning: name }, message);
  });
}
