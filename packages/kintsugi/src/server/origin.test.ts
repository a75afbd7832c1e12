import { describe, expect, it } from "vitest";

import { allowedNames, isLoopback, refuseStranger } from "./origin.ts";

const names = allowedNames("127.0.0.1", 4_600, ["proxy.example", "front.example:443"]);
const judge = (host: string | readonly string[], headers: Record<string, string> = {}) =>
  refuseStranger(headers, typeof host === "string" ? [host] : host, names)?.code;

describe("the name by which a server is called", () => {
  it.each([
    "127.0.0.1:4600",
    "localhost:4600",
    "LocalHost:4600",
    "[::1]:4600",
    "proxy.example:4600",
    "front.example:443",
  ])("may be %s", (host) => {
    expect(judge(host)).toBeUndefined();
  });

  it.each([
    "",
    "evil.test",
    "evil.test:4600",
    "127.0.0.1",
    "127.0.0.1:80",
    "localhost:4601",
    "localhost.:4600",
    "127.0.0.1:4600.evil.test",
    "evil.test@127.0.0.1:4600",
    "0.0.0.0:4600",
    "front.example:4600",
    "proxy.example:443",
  ])("may not be %s", (host) => {
    expect(judge(host)).toBe("KINTSUGI_HOST_REFUSED");
  });

  it("is said once", () => {
    expect(judge([])).toBe("KINTSUGI_HOST_REFUSED");
    expect(judge(["localhost:4600", "evil.test"])).toBe("KINTSUGI_HOST_REFUSED");
    expect(judge(["localhost:4600", "localhost:4600"])).toBe("KINTSUGI_HOST_REFUSED");
  });

  it("has no port where browsers leave it out", () => {
    const onPort80 = allowedNames("::1", 80, []);
    expect(refuseStranger({}, ["localhost"], onPort80)).toBeUndefined();
    expect(refuseStranger({}, ["[::1]"], onPort80)).toBeUndefined();
  });
});

describe("the page that sends a request", () => {
  const host = "127.0.0.1:4600";

  it.each([
    {},
    { origin: "http://127.0.0.1:4600" },
    { origin: "https://127.0.0.1:4600" },
    { "sec-fetch-site": "same-origin", origin: "http://127.0.0.1:4600" },
    { "sec-fetch-site": "none" },
  ])("may be the server's own, or none: %j", (headers) => {
    expect(judge(host, headers as Record<string, string>)).toBeUndefined();
  });

  it.each([
    { origin: "null" },
    { origin: "" },
    { origin: "http://evil.test" },
    { origin: "http://localhost:4600" },
    { origin: "http://127.0.0.1:3000" },
    { origin: "http://127.0.0.1:4600, http://evil.test" },
    { origin: "file://" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("may be no other: %j", (headers) => {
    expect(judge(host, headers as Record<string, string>)).toBe("KINTSUGI_ORIGIN_REFUSED");
  });
});

it.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["localhost", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.2", false],
  ["127.0.0.1.evil.test", false],
  ["localhost.evil.test", false],
])("knows whether only this machine can call %s", (host, is) => {
  expect(isLoopback(host)).toBe(is);
});
