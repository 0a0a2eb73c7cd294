import { describe, expect, it } from "@jest/globals";
import { tlsFault } from "../../../src/relay/tls-fault.ts";

describe("a fault of TLS", () => {
  it.each([
    ["CERT_HAS_EXPIRED", "validity"],
    ["CERT_NOT_YET_VALID", "validity"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "host"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "authority"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "authority"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "authority"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "own-certificate"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "own-certificate"],
    ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "own-certificate"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "protocol"],
    ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "protocol"],
    ["EPROTO", "protocol"],
  ])("with the code %s is about the %s, and stays until somebody corrects it", (code, about) => {
    expect(tlsFault(code, "")).toMatchObject({ about });
    expect(tlsFault(code, "")?.mayPass).toBeUndefined();
  });

  it("may pass where the far side only hung up", () => {
    const text = "Client network socket disconnected before secure TLS connection was established";
    expect(tlsFault("ECONNRESET", text)).toMatchObject({ about: "protocol", mayPass: true });
  });

  it.each(["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENOTFOUND", ""])("is not %j", (code) => {
    expect(tlsFault(code, "connect failed")).toBeNull();
  });
});
