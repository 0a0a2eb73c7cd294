import { createRequire } from "node:module";

/** The part of kafkajs 2.2.4 that looks for waiting requests. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

/**
 * The class of kafkajs's request queues. After each answer they look for waiting requests, also where there are none: then
 * by a timer that lies in the past, of which Node warns, and again every millisecond for as long as the process runs.
 */
export const { prototype: REQUEST_QUEUE } = createRequire(import.meta.url)(
  "kafkajs/src/network/requestQueue",
) as { readonly prototype: RequestQueue };

const check = REQUEST_QUEUE.scheduleCheckPendingRequests;

/** From the import of this file on every queue of the process looks only where some wait. */
REQUEST_QUEUE.scheduleCheckPendingRequests = function scheduleWhereSomeWait(
  this: RequestQueue,
): void {
  if (this.pending.length > 0) check.call(this);
};
