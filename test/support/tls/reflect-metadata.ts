// `@peculiar/x509` refuses to load without the metadata functions of a language proposal. This is the part of them that it uses.

type Keys = Map<string, unknown>;

const metadata = new WeakMap<object, Keys>();

function own(key: string, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function inherited(key: string, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
    if (metadata.get(at)?.has(key) === true) return own(key, at);
  }
  return undefined;
}

function define(key: string, value: unknown, target: object): void {
  const keys = metadata.get(target) ?? new Map<string, unknown>();
  metadata.set(target, keys.set(key, value));
}

Object.assign(Reflect, {
  defineMetadata: define,
  getMetadata: inherited,
  getOwnMetadata: own,
  hasOwnMetadata: (key: string, target: object) => own(key, target) !== undefined,
  metadata: (key: string, value: unknown) => (target: object) => define(key, value, target),
});
