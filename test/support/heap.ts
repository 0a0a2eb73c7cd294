import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Lets the garbage collector run to its end. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
}

/** What is in use once all that nobody needs is collected. */
export function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
