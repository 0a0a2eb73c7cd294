import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";
import type { PageFacts } from "./page-facts.ts";
import { SCRIPT } from "./script.ts";
import { chartsSection, errorsSection, figuresSection, stateSection } from "./sections.ts";
import { STYLE } from "./style.ts";
import { slotSection, surroundingsSection } from "./tables.ts";

/** Nothing but our own style and script, by their hashes; no frame, no form, nothing from outside. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** The part that changes. */
export function pageMain(facts: PageFacts): string {
  return html`${stateSection(facts)}${figuresSection(facts)}${chartsSection(facts)}
<div class="pair">${slotSection(facts)}${surroundingsSection(facts)}</div>${errorsSection(facts)}`
    .text;
}

/** The whole page, complete without any script; then it reloads itself twice a minute. */
export function page(facts: PageFacts): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${facts.state.name} · outbox-relay</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><noscript><meta http-equiv="refresh" content="30"></noscript>
<style>${new Html(STYLE)}</style></head>
<body><header><h1>outbox-relay</h1><p>${facts.instance} · version ${facts.version}</p>
<p id="away" role="status" hidden>The relay does not answer; these are its last words.</p>
<nav aria-label="Page"><button id="pause" type="button" aria-pressed="false" hidden>Pause updates</button><a href="status">Status as JSON</a>${facts.hasMetrics ? html`<a href="metrics">Metrics</a>` : null}</nav></header>
<main>${new Html(pageMain(facts))}</main>
<footer><p>Read-only. Shows no payload, key or secret.</p></footer>
<script>${new Html(SCRIPT)}</script></body></html>
`.text;
}
