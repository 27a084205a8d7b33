import { defineConfig } from 'vitest/config';

// `#engine` and `#content` resolve to the TypeScript sources; in the packed tarball, to built JavaScript.
const conditions = ['quorate-source', 'module', 'node', 'development|production'];

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['quorate-source'] } },
  test: {
    include: ['{engine,content,cli,site}/**/*.test.ts'],
    setupFiles: ['.config/vitest.setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
