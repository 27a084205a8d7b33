/**
 * Rules that no compiler option states: which folder may import which, and what the engine must not touch so that a run
 * is the same everywhere. Each rule names what to use instead.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|astro|mdx)$/.test(entry.name))
    .map((entry) => {
      const path = relative(root, join(entry.parentPath, entry.name));
      return { path, text: readFileSync(join(root, path), 'utf8') };
    });
}

/** Text with comments and the contents of strings blanked, so that prose about a thing is not a use of it. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
}

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

const engineBans: readonly Ban[] = [
  { pattern: /\bDate\b/g, instead: 'virtual time: Out.nowUs, Loop.nowUs' },
  { pattern: /\bMath\.random\b/g, instead: 'a named stream: Streams in kernel/random.ts' },
  {
    pattern:
      /\bMath\.(log|log2|log10|log1p|exp|expm1|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|cbrt|hypot)\b/g,
    instead: 'kernel/exact-math.ts, which is the same in every JavaScript engine',
  },
  { pattern: /\*\*(?!\/)/g, instead: 'a constant expression of integers, or pow of kernel/exact-math.ts' },
  { pattern: /\bIntl\b/g, instead: 'plain arithmetic; words for people belong to cli and site' },
  { pattern: /\.(localeCompare|toLocale\w+)\b/g, instead: '< and > on strings, or an index' },
  { pattern: /\bas any\b|: any\b/g, instead: 'a type' },
];

/** A power of two integers is exact, and reads better than its digits. */
const exactPower = /\b2 \*\* \d+\b/g;

function offences(source: Source, bans: readonly Ban[]): string[] {
  const code = codeOf(source.text).replace(exactPower, '0');
  return bans.flatMap(({ pattern, instead }) =>
    [...code.matchAll(pattern)].map((match) => {
      const line = code.slice(0, match.index).split('\n').length;
      return `${source.path}:${line}: found ${match[0]}, use ${instead}`;
    }),
  );
}

const isTest = ({ path }: Source): boolean =>
  /\.(test|bench|test-support)\.ts$|\/bench\.ts$|\/testing\//.test(path);

test('engine: no clock, no chance, no inexact arithmetic, no platform', () => {
  expect(
    sourcesIn('engine')
      .filter((source) => !isTest(source))
      .flatMap((source) => offences(source, engineBans)),
  ).toEqual([]);
});

test('the bans see what they ban', () => {
  const text = 'const a = Math.random() + Date.now() + Math.log(2) + 10 ** x; a.toLocaleString(); // Date';
  expect(offences({ path: 'x.ts', text }, engineBans)).toHaveLength(5);
  expect(
    offences({ path: 'x.ts', text: '/* Math.random */ const date = 2 ** 32; const s = "Date";' }, engineBans),
  ).toEqual([]);
});

/** What each folder may import besides its own files. */
const arrows: Readonly<Record<string, RegExp>> = {
  engine: /^(#clusters|xstate|zod\/mini|fast-check)$/,
  content: /^(#engine|zod\/mini|xstate)$/,
  cli: /^(#engine|#content(\/.*)?|node:.*|commander|@clack\/prompts|hyparquet-writer|tinypool|yaml)$/,
  site: /^(#engine|#content(\/.*)?|node:.*|astro(:.*|\/.*)?|@astrojs\/.*|preact(\/.*)?|@preact\/signals|xstate|yaml|zod\/mini)$/,
};
const testTools = /^(vitest|fast-check|node:.*|playwright-core|axe-core|hyparquet|xstate|yaml)$/;

function importsOf({ text }: Source): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '');
  const statements =
    /^(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"\n]+)['"]|^import\s+['"]([^'"\n]+)['"]|\bimport\(['"]([^'"\n]+)['"]\)/gm;
  return [...code.matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

test('the arrows see every form of import', () => {
  const text =
    "import a from './a.ts';\nimport type { B } from '../b.ts';\nexport * from 'c';\nimport 'd';\nawait import(" +
    "'e');\n";
  expect(importsOf({ path: 'x.ts', text })).toEqual(['./a.ts', '../b.ts', 'c', 'd', 'e']);
});

test('imports follow the arrows: engine knows itself, content the engine, cli and site both', () => {
  const wrong = Object.entries(arrows).flatMap(([folder, allowed]) =>
    sourcesIn(folder).flatMap((source) =>
      importsOf(source).flatMap((name) => {
        const inside = name.startsWith('.')
          ? relative(root, resolve(root, dirname(source.path), name)).startsWith(`${folder}/`)
          : allowed.test(name) || (isTest(source) && testTools.test(name));
        return inside ? [] : [`${source.path} imports ${name}`];
      }),
    ),
  );
  expect(wrong).toEqual([]);
});

test('chapters import nothing: the page hands them their components', () => {
  expect(
    sourcesIn('content')
      .filter(({ path }) => path.endsWith('.mdx'))
      .flatMap(importsOf),
  ).toEqual([]);
});
