import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/**
 * The Chromium of this machine: `CHROMIUM_PATH`, or `chromium` or `google-chrome` on the path. Where there is none the
 * browser tests are skipped, and say so; with `QUORATE_REQUIRE_BROWSER=1` that is an error.
 */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    ...(named === undefined || named === '' ? [] : [named]),
    ...['chromium', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const complaint = 'No Chromium found: set CHROMIUM_PATH, or put chromium or google-chrome on the path.';
  if (process.env.QUORATE_REQUIRE_BROWSER === '1') throw new Error(complaint);
  console.warn(`\n*** BROWSER TESTS SKIPPED. ${complaint} ***\n`);
  return undefined;
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
      '--js-flags=--expose-gc',
    ],
  });
}
