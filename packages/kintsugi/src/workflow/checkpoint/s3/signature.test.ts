import { describe, expect, it } from "vitest";

import { signedHeaders } from "./signature.ts";

/** The keys, times and requests of the examples that AWS publishes with the signature. */
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const signing = { credentials, region: "us-east-1", atMs: Date.UTC(2013, 4, 24) };
const bucket = "https://examplebucket.s3.amazonaws.com";

const signatureOf = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  text = "",
): string | undefined => {
  const request = { method, url: new URL(path, bucket), headers, body: Buffer.from(text) };
  return signedHeaders(request, signing)["authorization"]?.match(/Signature=(\w+)$/)?.[1];
};

describe("a signature", () => {
  it.each([
    [
      "a part of an object",
      signatureOf("GET", "/test.txt", { range: "bytes=0-9" }),
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ],
    [
      "an object that is put, with a letter in its key that is encoded",
      signatureOf(
        "PUT",
        "/test$file.text",
        {
          date: "Fri, 24 May 2013 00:00:00 GMT",
          "x-amz-storage-class": "REDUCED_REDUNDANCY",
        },
        "Welcome to Amazon S3.",
      ),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ],
    [
      "a list",
      signatureOf("GET", "/?prefix=J&max-keys=2"),
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("is the one that AWS has published for %s", (_, signature, published) => {
    expect(signature).toBe(published);
  });

  it("covers the token of credentials that are lent", () => {
    const request = { method: "GET", url: new URL(bucket), headers: {}, body: new Uint8Array() };
    const headers = signedHeaders(request, {
      ...signing,
      credentials: { ...credentials, sessionToken: "lent" },
    });
    expect(headers["x-amz-security-token"]).toBe("lent");
    expect(headers["authorization"]).toContain("x-amz-date;x-amz-security-token,");
  });
});
