import mdx from '@astrojs/mdx';
import preact from '@astrojs/preact';
import { defineConfig } from 'astro/config';

/**
 * `#engine` and `#content` resolve to the TypeScript sources here, and to built JavaScript in the packed tarball. `#clusters` has
 * every topology at build; in a page they come when they are needed.
 */
const inPage = ['quorate-page', 'quorate-source', 'module', 'browser', 'development|production'];
const atBuild = ['quorate-source', 'module', 'node', 'development|production'];

/** Modules of ours that only declare things: what a page does not use of them need not reach it. */
const declaresOnly = /\/(engine|content)\//;

export default defineConfig({
  srcDir: './site',
  publicDir: './site/public',
  outDir: './dist/site',
  cacheDir: './node_modules/.astro',
  trailingSlash: 'always',
  integrations: [preact(), mdx({ syntaxHighlight: false })],
  markdown: { syntaxHighlight: false },
  security: {
    csp: {
      directives: [
        "default-src 'self'",
        "img-src 'self' data:",
        "font-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ],
    },
  },
  build: { inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
  vite: {
    resolve: { conditions: inPage },
    worker: { format: 'es' },
    ssr: { resolve: { conditions: atBuild } },
    environments: {
      astro: { resolve: { conditions: atBuild } },
      prerender: { resolve: { conditions: atBuild } },
    },
    build: {
      rolldownOptions: {
        treeshake: { moduleSideEffects: [{ test: declaresOnly, sideEffects: false }] },
      },
    },
  },
});
