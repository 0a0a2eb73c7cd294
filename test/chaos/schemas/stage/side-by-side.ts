/** Begins to work through `items`, at most `count` at a time in their order; answers a promise for each. */
export function sideBySide<T, R>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<R>,
): readonly Promise<R>[] {
  const lanes: Promise<unknown>[] = Array.from({ length: count }, () => Promise.resolve());
  const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
  return items.map((item, index) => {
    const lane = index % count;
    const result = settled(lanes[lane] ?? Promise.resolve()).then(() => work(item));
    lanes[lane] = result;
    // A caller that waits for it gets the error; nobody waits yet.
    result.catch(() => undefined);
    return result;
  });
}
