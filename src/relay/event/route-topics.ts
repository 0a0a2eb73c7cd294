import { copyOf } from "../copy-of.ts";
import { textOf } from "./ascii.ts";
import type { Field } from "./field.ts";
import type { TopicTemplate } from "./topic-template.ts";

/** A power of two. */
const PLACES = 256;

interface Known {
  readonly route: Uint8Array;
  readonly topic: string;
}

/**
 * The topic of a row by the bytes of its route, so that no text is made for a route that was there before.
 * Remembers 256 of them at most.
 */
export class RouteTopics {
  readonly #template: TopicTemplate;
  readonly #known: (Known | undefined)[] = Array.from({ length: PLACES });

  constructor(template: TopicTemplate) {
    this.#template = template;
  }

  of(route: Field): string {
    const place = placeOf(route);
    const known = this.#known[place];
    if (known !== undefined && isSame(route, known.route)) return known.topic;
    const bytes = copyOf(route.view());
    const topic = this.#template.topic(textOf(bytes));
    this.#known[place] = { route: bytes, topic };
    return topic;
  }
}

function placeOf({ bytes, from, to }: Field): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 8)) & (PLACES - 1);
}

function isSame({ bytes, from, to }: Field, known: Uint8Array): boolean {
  if (to - from !== known.length) return false;
  for (let i = 0; i < known.length; i++) if (bytes[from + i] !== known[i]) return false;
  return true;
}
