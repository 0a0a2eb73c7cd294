import { setTimeout as delay } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import type pg from "pg";
import { ConsumerGroup } from "./consumer-group.ts";
import { Counters } from "./counters.ts";
import type { RelayChild } from "./relay-child.ts";
import { Shop } from "./shop.ts";
import type { Verdict } from "./verdict.ts";
import { judge } from "./verdict.ts";

export const GROUPS = ["payment", "inventory", "notification"] as const;

const ORDERS_PER_SECOND = 80;
const CATCH_UP_DEADLINE_MS = 60_000;

export interface Stage {
  readonly client: pg.Client;
  readonly url: string;
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupPrefix: string;
  readonly relay: RelayChild;
}

/** The play: orders, three consumers, a relay that is killed, a consumer that falls behind, and the verdict. */
export class ShopRun {
  readonly #stage: Stage;
  readonly #shop: Shop;
  readonly #groups: readonly ConsumerGroup[];
  readonly #counters: Counters;
  readonly #stop: AbortSignal;

  constructor(stage: Stage, stop: AbortSignal) {
    this.#stage = stage;
    this.#stop = stop;
    this.#shop = new Shop(stage.url, ORDERS_PER_SECOND);
    const { url, topic, kafka } = stage;
    this.#groups = GROUPS.map(
      (name) => new ConsumerGroup(name, kafka, { groupId: stage.groupPrefix + name, url, topic }),
    );
    this.#counters = new Counters(() => this.#line());
  }

  async play(): Promise<Verdict> {
    const { relay } = this.#stage;
    relay.start();
    await Promise.all(this.#groups.map((group) => group.start()));
    this.#counters.start();
    this.#shop.open();
    this.#counters.say("the shop is open; payment, inventory and notification consume");
    await this.#wait(6_000);
    await relay.kill();
    this.#counters.say("the relay was killed with SIGKILL; orders go on");
    await this.#wait(3_000);
    relay.start();
    this.#counters.say("the relay was started again");
    await this.#wait(5_000);
    await this.#pauseNotification();
    await this.#shop.close();
    this.#counters.say("the shop is closed; waiting until everybody has everything");
    await this.#caughtUp();
    this.#counters.stop();
    return this.#verdict();
  }

  /** Ends what a cut-short play left running. */
  async end(): Promise<void> {
    this.#counters.stop();
    await this.#shop.close();
    await Promise.all(this.#groups.map((group) => group.stop()));
  }

  async #pauseNotification(): Promise<void> {
    const notification = this.#groups.find(({ name }) => name === "notification");
    await notification?.stop();
    this.#counters.say("notification was stopped; the others do not notice");
    await this.#wait(5_000);
    await notification?.start();
    this.#counters.say("notification was started again and catches up");
    await this.#wait(5_000);
  }

  async #caughtUp(): Promise<void> {
    const deadlineMs = performance.now() + CATCH_UP_DEADLINE_MS;
    while (!(await this.#isCaughtUp())) {
      this.#stop.throwIfAborted();
      if (performance.now() > deadlineMs) return; // The verdict says what is missing.
      await this.#wait(200);
    }
  }

  async #isCaughtUp(): Promise<boolean> {
    const counts = GROUPS.map((group) => `(select count(*) from inbox_${group})`).join(", ");
    const { rows } = await this.#stage.client.query<{ done: boolean }>(
      `select (select count(*) from outbox) <= least(${counts}) as done`,
    );
    return rows[0]?.done === true;
  }

  #verdict(): Promise<Verdict> {
    const { client, kafka, topic } = this.#stage;
    const { rolledBackEventIds } = this.#shop;
    return judge(client, kafka, { topic, groups: GROUPS, rolledBackEventIds });
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop });
  }

  #line(): string {
    const consumed = this.#groups.map(
      ({ name, consumed: count, isRunning }) => `${name} ${count}${isRunning ? "" : " (stopped)"}`,
    );
    const relay = this.#stage.relay.pid === undefined ? "relay down" : "relay up";
    return `orders ${this.#shop.placed}, rolled back ${this.#shop.rolledBack} | ${relay} | ${consumed.join(", ")}`;
  }
}
