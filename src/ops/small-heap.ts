import { setFlagsFromString } from "node:v8";

/**
 * Makes V8 collect early instead of letting the heap grow to several times of what lives in it: rows
 * pass through quickly, so that nearly all of the growth would be garbage. To be called before the
 * first row. Measured while a backlog drained: 174 MB instead of 295 MB resident, not slower.
 *
 * No limit is set, so that rows which are larger than usual still find room.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=60");
}
