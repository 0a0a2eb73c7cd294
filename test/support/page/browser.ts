import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const SCREENSHOTS = fileURLToPath(new URL("../../../.cache/screenshots/", import.meta.url));

export interface Seen {
  readonly page: Page;
  /** What the browser's console said in error. */
  readonly errors: readonly string[];
  /** Where it asked for something. */
  readonly requests: readonly string[];
}

/** A real Chromium with a fresh profile. */
export class TestBrowser {
  readonly #browser: Browser;
  readonly #profile: string;
  readonly #contexts: BrowserContext[] = [];

  private constructor(browser: Browser, profile: string) {
    this.#browser = browser;
    this.#profile = profile;
  }

  static async launch(): Promise<TestBrowser> {
    if (!existsSync(EXECUTABLE)) {
      throw new Error(
        `no Chromium at ${EXECUTABLE}: apt-get install chromium, or set CHROMIUM_PATH`,
      );
    }
    // Chromium keeps what it needs between its processes there; each page has a context, which is a profile in memory.
    const profile = await mkdtemp(join(tmpdir(), "relay-chromium-"));
    const browser = await chromium.launch({
      executablePath: EXECUTABLE,
      args: ["--no-sandbox"],
      env: { PATH: process.env["PATH"] ?? "", HOME: profile, XDG_CONFIG_HOME: profile },
    });
    return new TestBrowser(browser, profile);
  }

  async open(
    url: string,
    look: {
      readonly width?: number;
      readonly isDark?: boolean;
      readonly hasScript?: boolean;
      readonly credentials?: { readonly username: string; readonly password: string };
    } = {},
  ): Promise<Seen> {
    const { width = 1280, isDark = false, hasScript = true, credentials } = look;
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: isDark ? "dark" : "light",
      javaScriptEnabled: hasScript,
      ...(credentials !== undefined && { httpCredentials: credentials }),
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, errors, requests };
  }

  /** Kept under .cache/screenshots, for people to look at. */
  async shoot(page: Page, name: string): Promise<void> {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
  }

  async closePages(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}
