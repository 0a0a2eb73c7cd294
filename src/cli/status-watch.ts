import type { Fetch, StatusAnswer } from "./ask-relay.ts";
import { askStatus } from "./ask-relay.ts";
import type { Output } from "./output.ts";
import type { RelayAddress } from "./status.ts";
import { exitCodeOf } from "./status.ts";
import { statusPage } from "./status-page.ts";

/** Cursor to the top left corner; the rest of the line, and of the screen, is cleared. */
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_ALL = "\u001b[2J";
const PLAIN = "\u001b[0m";

const COLOURS: Readonly<Record<string, string>> = {
  streaming: "\u001b[32m",
  standby: "\u001b[36m",
  failed: "\u001b[31m",
  stalled: "\u001b[33m",
};

export interface WatchForm {
  readonly isJson: boolean;
  readonly hasColour: boolean;
}

/** `outbox-relay status --watch`: one look after another. */
export class StatusWatch {
  readonly #address: RelayAddress;
  readonly #form: WatchForm;
  readonly #out: Output;
  readonly #ask: Fetch;
  #last = "";
  #isFirst = true;

  constructor(address: RelayAddress, form: WatchForm, out: Output, ask: Fetch = fetch) {
    this.#address = address;
    this.#form = form;
    this.#out = out;
    this.#ask = ask;
  }

  /** Shows what is new. Answers the exit code that a single `status` would have now. */
  async look(nowMs = Date.now()): Promise<number> {
    const answer = await askStatus(this.#address, this.#ask);
    if (this.#form.isJson) this.#json(answer);
    else if (this.#out.isTerminal === true) this.#screen(answer, nowMs);
    else this.#line(answer, nowMs);
    this.#isFirst = false;
    return "problem" in answer ? answer.exitCode : exitCodeOf(answer.status);
  }

  #json(answer: StatusAnswer): void {
    if ("problem" in answer) this.#out.stderr(`${answer.problem}\n`);
    else this.#out.stdout(`${answer.body.trimEnd()}\n`);
  }

  /** Drawn over what was there, so that nothing flickers. */
  #screen(answer: StatusAnswer, nowMs: number): void {
    const page = "problem" in answer ? `${answer.problem}\n` : statusPage(answer.status, nowMs);
    const lines = this.#coloured(page, answer).replaceAll("\n", `${CLEAR_LINE}\n`);
    this.#out.stdout(`${this.#isFirst ? CLEAR_ALL : ""}${HOME}${lines}${CLEAR_BELOW}`);
  }

  #coloured(page: string, answer: StatusAnswer): string {
    if (!this.#form.hasColour || "problem" in answer) return page;
    const state = String(answer.status["state"]);
    const colour = COLOURS[state];
    return colour === undefined ? page : page.replace(state, `${colour}${state}${PLAIN}`);
  }

  /** One line for each change of what matters; figures change all the time. */
  #line(answer: StatusAnswer, nowMs: number): void {
    const line =
      "problem" in answer ? answer.problem.replaceAll("\n", " ") : summary(answer.status);
    if (line === this.#last) return;
    this.#last = line;
    this.#out.stdout(`${new Date(nowMs).toISOString()} ${line}\n`);
  }
}

function summary({ state, code, message, hint }: Readonly<Record<string, unknown>>): string {
  const isWell = typeof code !== "string";
  return isWell ? String(state) : `${String(state)} ${code}: ${String(message)} ${String(hint)}`;
}
