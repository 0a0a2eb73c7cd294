import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { configured } from "./configured.ts";
import { runMigrate } from "./migrate.ts";
