import { globSync, readFileSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import { ProgressReporter } from './verify.reporter.ts';
import tests from './vitest.config.ts';

/** The tests that come in two sizes, found by what they read, so that nobody has to list them. */
const gates = globSync('{engine,content,cli,site}/**/*.test.ts', {
  cwd: new URL('..', import.meta.url).pathname,
})
  .filter((path) =>
    /QUORATE_FULL|full-size\.test-support/.test(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')),
  )
  .sort();

const config = mergeConfig(tests, {
  test: {
    env: { QUORATE_FULL: '1' },
    reporters: [new ProgressReporter()],
    testTimeout: 30 * 60_000,
  },
});
// A merge would add the gates to all the tests.
config.test.include = gates;
export default config;
