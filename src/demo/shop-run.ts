import { connect } from "./connection.ts";
import { ConsumerGroup, GROUPS } from "./consumer-group.ts";
import { Counters } from "./counters.ts";
import type { Counts } from "./counts.ts";
import { behind, countAll, haveAllCaughtUp } from "./counts.ts";
import { gatherEvidence } from "./evidence.ts";
import { Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import type { Verdict } from "./verdict.ts";
import { judge } from "./verdict.ts";
import { holdsWithin, pause } from "./waiting.ts";

const ORDERS_PER_SECOND = 80;
/** Of the longest: one group is down. */
const LAGS_WIDTH = "payment 9999 inventory 9999 notification 9999 DOWN".length;
const CATCH_UP_DEADLINE_MS = 30_000;

/** The acts of the play, as shares of the time that the shop is open. */
const ACTS = {
  everythingRuns: 0.25,
  relayIsDown: 0.125,
  relayIsBack: 0.2,
  notificationIsDown: 0.225,
  notificationIsBack: 0.2,
} as const;

/** The play: orders, three consumers, a relay that is killed, a consumer that falls behind, and the verdict. */
export class ShopRun {
  readonly #stage: Stage;
  readonly #playMs: number;
  readonly #shop: Shop;
  readonly #groups: readonly ConsumerGroup[];
  readonly #counters: Counters;
  #client: Awaited<ReturnType<typeof connect>> | null = null;

  constructor(stage: Stage, playMs: number) {
    const { url, topic, kafka, fail } = stage;
    this.#stage = stage;
    this.#playMs = playMs;
    this.#shop = new Shop(url, ORDERS_PER_SECOND, fail);
    this.#groups = GROUPS.map((name) => {
      const groupId = stage.groupPrefix + name;
      return new ConsumerGroup(name, { kafka, groupId, url, topic, fail });
    });
    this.#counters = new Counters(() => this.#line(), fail);
  }

  async play(): Promise<Verdict> {
    this.#client = await connect(this.#stage.url, this.#stage.fail);
    await Promise.all(this.#groups.map((group) => group.start()));
    this.#counters.start();
    this.#shop.open();
    this.#counters.say("the shop is open; payment, inventory and notification consume");
    await this.#act("everythingRuns");
    await this.#killRelay();
    await this.#act("relayIsBack");
    await this.#stopNotification();
    await this.#shop.close();
    this.#counters.say("the shop is closed; whatever is under way may arrive");
    await this.#catchUp();
    await this.#counters.stop();
    return this.#verdict();
  }

  /** Goes on counting for those who insert by hand. Ends only by being stopped. */
  async hold(): Promise<never> {
    this.#counters.start(true);
    for (;;) await pause(60_000, this.#stage.stop);
  }

  /** Ends everything, also what a cut-short play left running. */
  async end(): Promise<void> {
    await this.#counters.stop();
    await this.#shop.close();
    await Promise.all(this.#groups.map((group) => group.stop()));
    await this.#client?.end();
  }

  async #killRelay(): Promise<void> {
    const { relay, stop } = this.#stage;
    const { pid } = relay;
    await relay.kill();
    this.#counters.say(`the relay was killed with SIGKILL (process ${pid}); orders go on`);
    await this.#act("relayIsDown");
    await relay.start(stop);
    this.#counters.say(`the relay runs again (process ${relay.pid}) and goes on where it was`);
  }

  async #stopNotification(): Promise<void> {
    const notification = this.#groups.find(({ name }) => name === "notification");
    await notification?.stop();
    this.#counters.say("notification was stopped; the others do not notice");
    await this.#act("notificationIsDown");
    await notification?.start();
    this.#counters.say("notification was started again and catches up");
    await this.#act("notificationIsBack");
  }

  async #catchUp(): Promise<void> {
    const { client, stop } = this.#stage;
    const isDone = async (): Promise<boolean> => haveAllCaughtUp(await countAll(client));
    if (await holdsWithin(CATCH_UP_DEADLINE_MS, isDone, stop)) return;
    // No failure yet: the verdict says what is missing.
    this.#counters.say(`not everything arrived within ${CATCH_UP_DEADLINE_MS / 1000} s`);
  }

  /** The relay is stopped meanwhile, in good order: nothing can come after what is counted. */
  async #verdict(): Promise<Verdict> {
    const { relay, stop } = this.#stage;
    await relay.stop();
    const verdict = judge(await gatherEvidence(this.#stage));
    await relay.start(stop);
    return verdict;
  }

  #act(act: keyof typeof ACTS): Promise<void> {
    return pause(ACTS[act] * this.#playMs, this.#stage.stop);
  }

  async #line(): Promise<string> {
    if (this.#client === null) return "";
    const counts = await countAll(this.#client);
    const relay = `relay ${this.#stage.relay.pid === undefined ? "DOWN" : "up  "}`;
    const orders = `orders ${pad(counts.orders)} events ${pad(counts.events)}`;
    // The orders come last: a narrow terminal cuts them off, and the rest is what there is to see.
    return `${relay} | behind: ${this.#lags(counts)} | ${orders} rolled back ${pad(counts.ordersRolledBack, 3)}`;
  }

  #lags(counts: Counts): string {
    return this.#groups
      .map((group) => {
        const isDown = group.isRunning ? "" : " DOWN";
        return `${group.name} ${pad(behind(counts, group.name))}${isDown}`;
      })
      .join(" ")
      .padEnd(LAGS_WIDTH);
  }
}

function pad(count: number, width = 4): string {
  return String(count).padStart(width);
}
