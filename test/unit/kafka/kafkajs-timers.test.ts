import { expect, it } from "@jest/globals";
import { REQUEST_QUEUE } from "../../../src/kafka/kafkajs-timers.ts";

it.each([
  [0, false],
  [1, true],
])("with %i requests that wait a queue of kafkajs sets a timer: %s", (waiting, isSet) => {
  const queue = {
    pending: new Array<null>(waiting).fill(null),
    throttledUntil: -1,
    throttleCheckTimeoutId: null as NodeJS.Timeout | null,
    checkPendingRequests: () => undefined,
    scheduleCheckPendingRequests: REQUEST_QUEUE.scheduleCheckPendingRequests,
  };
  queue.scheduleCheckPendingRequests();
  expect(queue.throttleCheckTimeoutId !== null).toBe(isSet);
  clearTimeout(queue.throttleCheckTimeoutId ?? undefined);
});
