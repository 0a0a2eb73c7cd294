import { describe, expect, it } from "@jest/globals";
import { load, MINIMAL, problemsOf } from "../../support/config/loading.ts";

describe("the config of HTTP and logs", () => {
  it("is open, and lets the terminal choose the log's format, unless somebody says otherwise", () => {
    const { http, log, ui, metrics } = load(MINIMAL).config;
    expect([http.auth, log.format, ui, metrics.isEnabled]).toEqual([
      { username: null, password: null },
      null,
      { isEnabled: true },
      true,
    ]);
  });

  it("wants user and password, or neither, and never shows the password", () => {
    const name = { RELAY_HTTP_AUTH_USERNAME: "operator" };
    expect(problemsOf({ ...MINIMAL, ...name })).toEqual([
      expect.stringContaining("RELAY_HTTP_AUTH_USERNAME and RELAY_HTTP_AUTH_PASSWORD go together"),
    ]);
    const secret = { ...name, RELAY_HTTP_AUTH_PASSWORD: "s3cret\u0007" };
    const [problem = ""] = problemsOf({ ...MINIMAL, ...secret });
    expect(problem).toMatch(/^RELAY_HTTP_AUTH_PASSWORD: its value \(hidden\) is not valid/);
    expect(problem).not.toContain("s3cret");
    const files = { "/run/pw": "p: w\n" };
    const env = { ...MINIMAL, ...name, RELAY_HTTP_AUTH_PASSWORD_FILE: "/run/pw" };
    expect(load(env, files).config.http.auth).toEqual({ username: "operator", password: "p: w" });
  });

  it.each(["0", "1,1", "2,1", "a", "0.1,", "-1", "1e3"])("takes no buckets such as %p", (text) => {
    const env = { ...MINIMAL, RELAY_METRICS_LATENCY_BUCKETS: text };
    expect(problemsOf(env)[0]).toMatch(/^RELAY_METRICS_LATENCY_BUCKETS: /);
  });

  it("takes buckets that rise", () => {
    const env = { ...MINIMAL, RELAY_METRICS_LATENCY_BUCKETS: "0.01, 0.5, 30" };
    expect(load(env).config.metrics.latencyBuckets).toEqual([0.01, 0.5, 30]);
  });
});
