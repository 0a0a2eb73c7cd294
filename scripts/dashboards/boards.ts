import type { Board } from "./board.ts";
import { database } from "./database.ts";
import { overview } from "./overview.ts";
import { relay } from "./relay.ts";

export const BOARDS: readonly Board[] = [overview, relay, database];
