import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A few short files outside the engine keep a worker for long: they begin, so that all workers end together. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    const isOutside = ({ moduleId }: TestSpecification) => !moduleId.includes('/engine/');
    return [...bySize.filter(isOutside), ...bySize.filter((file) => !isOutside(file))];
  }
}

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['{engine,content,cli,site}/**/*.test.ts'],
    setupFiles: ['.config/vitest.setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Node runs the sources as it does for the command: rewritten by Vite, simulations take twice as long.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // `#engine` and `#content` are these sources; in the packed tarball, built JavaScript.
    execArgv: ['--conditions=quorate-source'],
    // A module keeps nothing of a run, so files of tests share what is loaded.
    isolate: false,
    // One core would be left for a person who watches; few do.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
  },
});
