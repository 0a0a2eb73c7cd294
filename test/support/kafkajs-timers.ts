import { createRequire } from "node:module";

/** The part of kafkajs 2.2.4 that arms a timer in the past for each request, which Node warns of. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

// Looks for waiting requests only where there are some, as our own connections do (kafkajs-channel.ts).
const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as {
  prototype: RequestQueue;
};
const check = prototype.scheduleCheckPendingRequests;
prototype.scheduleCheckPendingRequests = function scheduleWhereSomeWait(this: RequestQueue): void {
  if (this.pending.length > 0) check.call(this);
};
