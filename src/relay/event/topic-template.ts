/** The one place holder; Debezium's name for it, so that its settings carry over. */
export const ROUTE_PLACEHOLDER = "${routedByValue}";

const ROUTES_MAX = 10_000;

/**
 * The topic of an event: the template with the routing value put in, case kept.
 * Remembers the names it made, at most 10,000 of them.
 */
export class TopicTemplate {
  readonly #parts: readonly string[];
  readonly #topics = new Map<string, string>();

  constructor(template: string) {
    this.#parts = template.split(ROUTE_PLACEHOLDER);
  }

  topic(route: string): string {
    const known = this.#topics.get(route);
    if (known !== undefined) return known;
    if (this.#topics.size >= ROUTES_MAX) this.#topics.clear();
    const topic = this.#parts.join(route);
    this.#topics.set(route, topic);
    return topic;
  }
}

/** What the names of topics look like that the template makes. */
export function topicPattern(template: string): RegExp {
  const parts = template
    .split(ROUTE_PLACEHOLDER)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
