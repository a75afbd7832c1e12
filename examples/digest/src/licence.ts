/** Tells a licence by the sentences that only it has. */

/** Most telling first: several licences quote each other. Texts: https://spdx.org/licenses/ */
const marks: readonly (readonly [spdx: string, sentence: RegExp])[] = [
  ["Apache-2.0", /apache license,?\s+version 2\.0/i],
  ["MPL-2.0", /mozilla public license,?\s+(v(ersion|\.)?\s*)?2\.0/i],
  ["BlueOak-1.0.0", /blue oak model license/i],
  ["Python-2.0", /python software foundation license/i],
  ["CC0-1.0", /creative commons (legal code\s+)?cc0|cc0 1\.0 universal/i],
  ["CC-BY-4.0", /attribution 4\.0 international/i],
  ["Unlicense", /free and unencumbered software released into the public domain/i],
  [
    "0BSD",
    /permission to use, copy, modify, and\/or distribute[\s\S]{0,200}with or without fee is hereby granted\.(?![\s\S]*copyright notice and this permission notice)/i,
  ],
  [
    "ISC",
    /permission to use, copy, modify, and(\/or)? distribute this software[\s\S]{0,120}copyright notice and this permission notice/i,
  ],
  [
    "BSD-3-Clause",
    /redistribution and use in source and binary forms[\s\S]*(neither the names? of|endorse or promote)/i,
  ],
  ["BSD-2-Clause", /redistribution and use in source and binary forms/i],
  ["MIT", /permission is hereby granted, free of charge, to any person obtaining\s+a copy/i],
  ["MIT", /\bmit license\b|\(the mit license\)|license[ds]?:?\s*mit\b/i],
  ["Apache-2.0", /\bapache[- ]2(\.0)?\b/i],
];

/** An SPDX name, or "unknown". */
export function classifyLicence(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return marks.find(([, sentence]) => sentence.test(flat))?.[0] ?? "unknown";
}
