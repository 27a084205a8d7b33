/**
 * The built site in a real browser. The site is built once, under a base path of its own so that no link may assume the
 * root, and served from this machine. Where there is no Chromium only the build itself is tested.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Quiz } from '#content/schema.ts';
import { explore, parseScenario, scenarioModel, simulate } from '#engine';
import { findChromium, launch } from './testing/browser.ts';
import { installFakeFrames } from './testing/fake-frames.ts';
import { type StaticServer, serveStatic } from './testing/static-server.ts';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const base = '/study/';
const built = join(root, 'dist/site-tested');
const chapter = 'chapters/one-leader/';
/** Every page there is. */
const pages = [
  '',
  ...readdirSync(join(root, 'content/chapters')).map((file) => `chapters/${file.replace('.mdx', '')}/`),
];
/** All of the chapter's scripts, the engine with the one topology that it runs among them, compressed. */
const scriptBytesMost = 120_000;
/** A chapter's HTML with all its labs closed, compressed: each brings its picture and its runs, the longest chapter a dozen of them. */
const htmlBytesMost = 52_000;
/** A row of the syllabus that only states something: it has no run. */
const rowsWithoutRun = ['S-A5'];
/** Sections A to E but for what cannot be run: each row needs a claim with a live lab on some page. */
const rowsThatRun = [
  ...Array.from({ length: 17 }, (_, index) => `S-A${index + 1}`),
  ...Array.from({ length: 9 }, (_, index) => `S-B${index + 1}`),
  ...Array.from({ length: 13 }, (_, index) => `S-C${index + 1}`),
  ...Array.from({ length: 13 }, (_, index) => `S-D${index + 1}`),
  ...Array.from({ length: 7 }, (_, index) => `S-E${index + 1}`),
].filter((row) => !rowsWithoutRun.includes(row));

const chromium = findChromium();
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  const astro = join(dirname(require.resolve('astro/package.json')), 'bin/astro.mjs');
  execFileSync(process.execPath, [astro, 'build', '--base', base, '--outDir', built], {
    cwd: root,
    env: environmentOfABuild(),
    stdio: 'pipe',
  });
  server = await serveStatic(built, base);
  if (chromium !== undefined) browser = await launch(chromium);
}, 600_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** This process's environment without what Vitest puts there for itself: Astro would take its `BASE_URL` for the site's. */
function environmentOfABuild(): NodeJS.ProcessEnv {
  const { BASE_URL, MODE, DEV, PROD, SSR, TEST, VITEST, ...rest } = process.env;
  return { ...rest, NODE_ENV: 'production', ASTRO_TELEMETRY_DISABLED: '1' };
}

const bundled = (id: string) =>
  parseScenario(parse(readFileSync(join(root, `content/scenarios/${id}.yaml`), 'utf8')));
const html = (page: string) => readFileSync(join(built, page, 'index.html'), 'utf8');
const textOf = (page: string) => html(page).replace(/<[^>]+>/g, ' ');

describe('site build', () => {
  test('every link inside the site leads somewhere', () => {
    for (const page of pages) {
      const links = [...html(page).matchAll(/(?:href|src)="(\/[^"#]*)/g)].map((match) => match[1]!);
      expect(links.length).toBeGreaterThan(3);
      for (const link of links) {
        expect(link.startsWith(base), `${link} on ${page} is outside the base`).toBe(true);
        const file = join(built, link.slice(base.length));
        expect(() => readFileSync(link.endsWith('/') ? join(file, 'index.html') : file), link).not.toThrow();
      }
    }
  });

  test('nothing is fetched from elsewhere', () => {
    for (const page of pages) expect(html(page)).not.toMatch(/<(?:script|link|img|iframe)[^>]+https?:/);
    for (const file of readdirSync(join(built, '_astro'))) {
      if (file.endsWith('.css'))
        expect(readFileSync(join(built, '_astro', file), 'utf8')).not.toMatch(/https?:|@import/);
    }
  });

  test('every row that has a run has its claim with a live lab, and every claim its run', () => {
    const claims = pages.flatMap((page) =>
      html(page)
        .split(/(?=<div class="claim")/)
        .slice(1)
        .map((claim) => {
          const [, row, scenario] = claim.match(/data-row="([^"]+)" data-scenario="([^"]+)"/)!;
          const isLive = /<details class="live">.*?<astro-island[^>]+client="visible"/s.test(claim);
          return { page, row, scenario: scenario!, isLive };
        }),
    );
    for (const { page, row, scenario, isLive } of claims) {
      expect(textOf(page)).toContain(scenario);
      expect(isLive, `${row}, ${scenario}`).toBe(true);
    }
    expect([...new Set(claims.map(({ row }) => row))].sort()).toEqual(rowsThatRun.toSorted());
  });

  test('a page is light while its labs are closed', () => {
    for (const page of pages) {
      const bytes = gzipSync(html(page)).length;
      console.log(`${page || 'home'}: ${(bytes / 1000).toFixed(1)} KB of HTML, gzipped`);
      expect(bytes, page).toBeLessThan(htmlBytesMost);
    }
  });

  test('a figure on the page is what the engine measures', () => {
    expect(textOf(chapter)).toContain(simulate(bundled('async-leader-crash')).digest);
  });

  test('a content security policy that allows nothing inline', () => {
    for (const page of pages) {
      const [, policy] = html(page).match(/http-equiv="content-security-policy" content="([^"]+)"/i) ?? [];
      expect(policy).toContain("default-src 'self'");
      expect(policy).toMatch(/script-src [^;]*'self'/);
      expect(policy).not.toContain('unsafe');
    }
  });
});

describe.skipIf(chromium === undefined)('site in Chromium', () => {
  const complaints: string[] = [];

  /** A page of its own that reports every console error, refused resource and breach of the content security policy. */
  async function visit(
    path: string,
    options: BrowserContextOptions = {},
    before?: (page: Page) => Promise<unknown>,
  ) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(`${path}: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`));
    page.on('requestfailed', (request) => complaints.push(`${path}: ${request.url()} failed`));
    await before?.(page);
    await page.goto(server.url + path, { waitUntil: 'load' });
    return page;
  }

  /** The chapter with its lab awake; frames come only from the test. */
  async function visitLab(options: BrowserContextOptions = {}) {
    const page = await visit(chapter, options, (fresh) => fresh.addInitScript(installFakeFrames));
    await wake(page, '#lab');
    return page;
  }

  /** Opens a claim's lab as a reader would, and waits until it is alive. */
  async function openClaim(claim: Locator) {
    await claim.locator('summary').click();
    await claim.getByRole('button', { name: 'Step', exact: true }).waitFor();
  }

  /** Scrolls an island into view and waits until its script has taken it over. */
  async function wake(page: Page, island: string) {
    await page.locator(island).scrollIntoViewIfNeeded();
    // A lab is there before what it runs has come.
    const awake = island === '#lab' ? '#lab[data-awake]' : island;
    await page.locator(`astro-island:not([ssr]) ${awake}`).waitFor();
  }

  const textIn = async (page: Page, testId: string) =>
    (await page.locator('#lab').getByTestId(testId).textContent()) ?? '';
  const digestOf = (page: Page) => textIn(page, 'digest');
  const pictureOf = (page: Page) => page.locator('#lab').getByTestId('picture').innerHTML();
  const logOf = (page: Page) => textIn(page, 'log');
  const press = (page: Page, name: string | RegExp) =>
    page
      .locator('#lab')
      .getByRole('button', { name, exact: typeof name === 'string' })
      .click();

  /** Moves the scrubber as a reader's hand would. */
  async function scrubTo(page: Page, atMs: number) {
    await page.getByLabel('Position in the run').evaluate((input: HTMLInputElement, at) => {
      input.value = String(at);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }, atMs);
  }

  async function playToTheEnd(page: Page, hz: number) {
    await page.getByLabel('Speed').selectOption('10');
    await press(page, /^Play/);
    for (let second = 0; second < 30; second++) {
      await page.evaluate((rate) => window.fakeFrames.play(rate, rate), hz);
      if (await page.getByRole('button', { name: 'Play again' }).isVisible()) return;
    }
    throw new Error('The run did not end within 300 s of virtual time');
  }

  async function savedRun(page: Page): Promise<unknown> {
    const download = page.waitForEvent('download');
    await press(page, 'Save this run');
    return JSON.parse(readFileSync(await (await download).path(), 'utf8'));
  }

  /** What axe finds wrong; with `rules`, by these alone. */
  async function violationsOn(page: Page, rules: readonly string[] | null) {
    return page.evaluate(async (runOnly) => {
      const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResult> } };
      // What passed is not described node by node, which takes longer than to find what does not.
      const brief = { resultTypes: ['violations'], selectors: false };
      const { violations } = await axe.run(runOnly === null ? brief : { ...brief, runOnly });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html: node }) => node).join(' ')}`);
    }, rules);
  }

  test.each([
    ['desktop', 1280],
    ['phone', 390],
  ] as const)(
    'axe finds nothing and nothing overflows, light and dark: %s',
    async (_, width) => {
      const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
      for (const path of pages) {
        const viewport = { width, height: 844 };
        const page = await visit(path, { viewport, colorScheme: 'light', bypassCSP: true });
        if (path === chapter) {
          await wake(page, '#lab');
          await press(page, 'Crash a');
          await press(page, 'Cut a – b');
        }
        for (const island of ['#cap-probe', '#comparison', '#crdts', '#explore'])
          if ((await page.locator(island).count()) > 0) await wake(page, island);
        if (path !== '') await openClaim(page.locator('.claim').first());
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
          path,
        ).toBeLessThanOrEqual(0);
        await page.evaluate(axe);
        expect(await violationsOn(page, null), path).toEqual([]);
        // Only the colours are others.
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await violationsOn(page, ['color-contrast']), `${path}, dark`).toEqual([]);
        await page.context().close();
      }
    },
    300_000,
  );

  test('without JavaScript the picture is there, with a sentence', async () => {
    const page = await visit(chapter, { javaScriptEnabled: false });
    await expect(page.locator('#lab .picture .node').count()).resolves.toBe(3);
    expect(await page.locator('#lab .picture').getAttribute('aria-label')).toMatch(/a is leader, wrote \d+/);
    expect(await page.locator('#lab .picture .log.written .fill').first().getAttribute('width')).toMatch(
      /^[1-9]\d*$/,
    );
    const claim = page.locator('.claim').first();
    await claim.locator('summary').click();
    expect(await claim.locator('.picture').isVisible()).toBe(true);
    expect(await claim.getByRole('button').count()).toBe(0);
    expect(await page.locator('#lab noscript').count()).toBe(1);
    expect(await page.locator('#lab .stage').textContent()).toContain('With JavaScript it plays');
    await page.context().close();
  });

  test('the whole story by keyboard alone: crash the leader, cut a link, read a stale value, see it in the log', async () => {
    const page = await visitLab();
    /** Tabs until the control with this label has the focus. */
    const reach = async (label: string, key: 'Tab' | 'Shift+Tab' = 'Tab') => {
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press(key);
        const focused = await page.evaluate(() => {
          const control = document.activeElement as HTMLInputElement | null;
          return (control?.labels?.[0] ?? control)?.textContent?.trim();
        });
        if (focused === label) return;
      }
      throw new Error(`${key} never reached ${label}`);
    };
    await reach('Cut a – c');
    await page.keyboard.press('Space');
    await expect.poll(() => textIn(page, 'announcer')).toContain('every link between a and c is cut');

    await reach('Position in the run, in milliseconds', 'Shift+Tab');
    await page.keyboard.press('PageUp');
    await expect.poll(() => textIn(page, 'log')).toMatch(/app's read of key \d+ .* which is stale/);
    expect(Number(await textIn(page, 'stale-reads'))).toBeGreaterThan(0);

    await reach('Crash a');
    await page.keyboard.press('Enter');
    await expect.poll(() => textIn(page, 'announcer')).toContain('a is crashed');
    expect(await textIn(page, 'log')).toContain('a crashes');
    expect(await page.locator('#lab .picture [data-node="a"]').getAttribute('class')).toContain('down');
    expect(await page.getByRole('button', { name: 'Cut a – c' }).getAttribute('aria-pressed')).toBe('true');
    await page.context().close();
  });

  test('one digest at 30, 60 and 120 Hz, in one leap, and in Node', async () => {
    const digests: string[] = [];
    let saved: unknown;
    for (const hz of [30, 60, 120]) {
      const page = await visitLab();
      await scrubTo(page, 5000);
      await press(page, 'Crash a');
      await playToTheEnd(page, hz);
      digests.push(await digestOf(page));
      saved = await savedRun(page);
      await page.context().close();
    }
    digests.push(simulate(parseScenario(saved)).digest);
    expect(new Set(digests).size, digests.join(' ')).toBe(1);
  });

  test('another mode and another seed are other runs, and Node agrees on each', async () => {
    const page = await visitLab();
    const seen = new Set<string>();
    for (const change of ['synchronous', 'semi-synchronous', 'Another seed']) {
      if (change === 'Another seed') await press(page, change);
      else await page.getByRole('radio', { name: new RegExp(`^${change}`) }).check();
      await playToTheEnd(page, 60);
      const digest = await digestOf(page);
      expect(simulate(parseScenario(await savedRun(page))).digest).toBe(digest);
      seen.add(digest);
    }
    expect(seen.size).toBe(3);
    await page.context().close();
  });

  test('stepping back and then forward gives the same digest, picture and log', async () => {
    const page = await visitLab();
    await scrubTo(page, 4000);
    await press(page, 'Cut a – b');
    await press(page, 'Step');
    const state = async () => [await digestOf(page), await pictureOf(page), await logOf(page)];
    const before = await state();
    await press(page, 'Step back');
    const back = await state();
    expect(back[0]).not.toBe(before[0]);
    expect(back[1]).not.toBe(before[1]);
    await press(page, 'Step');
    expect(await state()).toEqual(before);

    await scrubTo(page, 9000);
    const later = await state();
    await scrubTo(page, 1000);
    expect(await digestOf(page)).not.toBe(later[0]);
    await scrubTo(page, 9000);
    expect(await state()).toEqual(later);
    await page.context().close();
  });

  test('asks for no frame while paused, hidden or off screen', async () => {
    const page = await visitLab();
    const asked = () => page.evaluate(() => window.fakeFrames.asked());
    const waiting = () => page.evaluate(() => window.fakeFrames.waiting());
    // Preact asks for one frame after its first render, to run the effects.
    await page.evaluate(() => window.fakeFrames.play(1, 60));
    const atRest = await asked();
    await page.waitForTimeout(300);
    expect(await asked()).toBe(atRest);
    expect(await waiting()).toBe(0);

    await press(page, 'Play');
    await expect.poll(waiting).toBe(1);
    await page.evaluate(() => window.fakeFrames.play(10, 60));
    expect(await waiting()).toBe(1);

    const setHidden = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await setHidden(true);
    expect(await waiting()).toBe(0);
    await setHidden(false);
    expect(await waiting()).toBe(1);

    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await expect.poll(waiting).toBe(0);
    await page.evaluate(() => document.querySelector('#lab')?.scrollIntoView());
    await expect.poll(waiting).toBe(1);

    await press(page, 'Pause');
    const whenPaused = await asked();
    expect(await waiting()).toBe(0);
    await page.waitForTimeout(300);
    expect(await asked()).toBe(whenPaused);
    await page.context().close();
  });

  test('a claim’s lab sleeps until it is opened, and at its end is the run the claim quotes', async () => {
    const page = await visit(chapter, {}, (fresh) => fresh.addInitScript(installFakeFrames));
    const claim = page.locator('.claim[data-scenario="async-leader-crash"]');
    await claim.scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    expect(await claim.locator('astro-island').getAttribute('ssr')).not.toBeNull();
    await claim.locator('summary').focus();
    await page.keyboard.press('Enter');
    await claim.getByRole('button', { name: 'To the end' }).click();
    const { digest, rpo } = simulate(bundled('async-leader-crash'));
    expect(await claim.getByTestId('digest').textContent()).toBe(digest);
    expect(await claim.locator('> .provenance').textContent()).toContain(digest);
    expect(await claim.getByTestId('shown').textContent()).toContain(String(rpo.writes));
    await page.evaluate(() => window.fakeFrames.play(2, 60));
    expect(await page.evaluate(() => window.fakeFrames.waiting())).toBe(0);
    await page.context().close();
  });

  test('ten minutes of play: frames stay cheap and the heap bounded', async () => {
    const page = await visitLab();
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
    };
    await press(page, 'Play');
    const heapMb: number[] = [];
    let spentMs = 0;
    for (let minute = 0; minute < 10; minute++) {
      spentMs += await page.evaluate(async () => {
        const from = performance.now();
        await window.fakeFrames.play(60 * 60, 60);
        return performance.now() - from;
      });
      heapMb.push(await heap());
      const again = page.getByRole('button', { name: 'Play again' });
      if (await again.isVisible()) await again.click();
    }
    const msPerFrame = spentMs / 36_000;
    console.log(
      `lab: ${msPerFrame.toFixed(2)} ms a frame; heap by minute, MB: ${heapMb.map((mb) => mb.toFixed(1)).join(' ')}`,
    );
    expect(msPerFrame).toBeLessThan(4);
    expect(Math.max(...heapMb.slice(2)) - heapMb[1]!).toBeLessThan(4);
    expect(await page.getByTestId('log').locator('li').count()).toBeLessThanOrEqual(100);
    await page.context().close();
  }, 120_000);

  test('the quiz computes its answer in the page, for every seed anew', async () => {
    const page = await visit(chapter);
    const quiz = page.locator('.quiz');
    await wake(page, '.quiz');
    expect(await quiz.locator('.outcome').textContent()).toBe('');
    await quiz.getByRole('button', { name: /^Run it/ }).click({ force: true });
    expect(await quiz.getAttribute('data-state')).toBe('asking');
    const item = parse(readFileSync(join(root, 'content/quizzes/lost-tail.yaml'), 'utf8')) as Quiz;
    if (item.answer.kind !== 'choice') throw new Error('This test takes an item with choices');
    const [, second] = item.answer.buckets;
    await quiz.getByRole('radio', { name: second!.label, exact: true }).check();
    await quiz.getByRole('button', { name: /^Run it/ }).click();

    const scenario = bundled(item.scenario);
    for (const seed of [scenario.seed, scenario.seed + 1]) {
      const { digest, rpo } = simulate(scenario, { seed });
      await expect.poll(() => quiz.locator('.outcome').textContent(), { timeout: 10_000 }).toContain(digest);
      const outcome = await quiz.locator('.outcome').textContent();
      expect(outcome).toContain(`seed ${seed}`);
      expect(outcome).toContain(`${rpo.writes} acknowledged writes`);
      const right = rpo.writes >= second!.from! && rpo.writes <= second!.to!;
      expect(outcome).toContain(right ? 'bears you out' : 'says otherwise');
      await quiz.getByRole('button', { name: /^Same answer/ }).click();
    }
    await page.context().close();
  });

  test('the staleness explorer: by keyboard to a bucket and to a stale run of it, which Node repeats', async () => {
    const page = await visit('chapters/staleness/', {}, (fresh) => fresh.addInitScript(installFakeFrames));
    await wake(page, '#staleness');
    const explorer = page.locator('#staleness');
    await explorer.locator('td button[aria-pressed="true"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(await focused()).toMatch(/^R 1, W 2, 1 ms after: 7\d\.\d% fresh$/);
    await page.keyboard.press('Enter');
    const run = page.locator('#staleness-run');
    await run.getByRole('button', { name: 'To the end' }).click();
    expect(await run.getByTestId('shown').textContent()).toMatch(/stale reads1/);
    const download = page.waitForEvent('download');
    await run.getByRole('button', { name: 'Save this run' }).click();
    const saved = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
    expect(simulate(parseScenario(saved)).digest).toBe(await run.getByTestId('digest').textContent());

    await explorer.getByRole('radio', { name: /^LinkedIn, SSDs/ }).check();
    await expect
      .poll(() => explorer.locator('caption').textContent(), { timeout: 20_000 })
      .toContain('524,288 trials');
    expect(Number(await explorer.locator('td').first().textContent())).toBeCloseTo(97.4, 0);
    expect(await page.evaluate(() => window.fakeFrames.waiting())).toBe(0);
    await page.context().close();
  });

  test('the sliders run what they say', async () => {
    const page = await visit('chapters/no-leader/', {}, (fresh) => fresh.addInitScript(installFakeFrames));
    await wake(page, '#quorums');
    const sliders = page.locator('#quorums');
    const digest = () => sliders.locator('.of-chosen code').last().textContent();
    const before = await digest();
    await sliders.getByLabel('N, copies').focus();
    for (const key of ['ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    expect(await sliders.locator('.says').textContent()).toContain('W + R = 4 is not more than N = 5');
    await expect.poll(digest, { timeout: 20_000 }).not.toBe(before);
    expect(await sliders.locator('.figures').textContent()).not.toContain('…');
    expect(await page.evaluate(() => window.fakeFrames.waiting())).toBe(0);
    await page.context().close();
  });

  test('every order is tried in a thread of its own, as the engine tries them, and can be stopped', async () => {
    const page = await visit('chapters/failover/');
    await wake(page, '#explore');
    const bench = page.locator('#explore');
    const path = () => bench.locator('ol li').allTextContents();
    const model = scenarioModel(bundled('async-leader-crash'), {
      writes: 1,
      crashes: 0,
      losses: 0,
      terms: 1,
      restarts: false,
    });
    const { violation } = explore(model, { depth: 60, states: 1_000_000, checks: model.checks });
    await bench.getByLabel('Crashes').selectOption('0');
    await bench.getByRole('button', { name: 'Try every order' }).click();
    await bench.getByText('states a second').waitFor();
    expect(await path()).toEqual(violation!.path.map(({ sentence }) => sentence));
    await bench.getByLabel('Cluster').selectOption('semi-sync-leader-crash');
    await bench.getByLabel('Crashes').selectOption('2');
    await bench.getByRole('button', { name: 'Try every order' }).click();
    await bench.getByText('states so far').waitFor();
    await bench.getByRole('button', { name: 'Stop' }).click();
    await bench.getByText('Stopped').waitFor();
    await page.context().close();
  });

  test('the comparison runs in the page, column by column, and can be stopped', async () => {
    const page = await visit('chapters/cap/');
    await wake(page, '#comparison');
    const comparison = page.locator('#comparison');
    const filled = async () =>
      (await comparison.locator('tbody tr').first().locator('td').allTextContents()).filter(
        (text) => text !== '…',
      ).length;
    expect(await filled()).toBe(7);
    await comparison.getByLabel('Reads a second').selectOption('10');
    await comparison.getByLabel('Writes a second').selectOption('1');
    await comparison.getByRole('button', { name: 'Run it here' }).click();
    await expect.poll(filled, { timeout: 60_000 }).toBeGreaterThan(0);
    await comparison.getByRole('button', { name: 'Stop' }).click();
    expect(await comparison.locator('.provenance').textContent()).toContain('10 reads and 1 writes a second');
    await comparison.getByRole('button', { name: 'Run it here' }).waitFor();
    await page.context().close();
  });

  test('siblings: 101 writes in turn, and a client that writes alone', async () => {
    const page = await visit('chapters/repair/');
    await wake(page, '#siblings');
    const counts = () => page.locator('#siblings dd').allTextContents();
    expect(await counts()).toEqual(['101 siblings', '2 siblings']);
    await page.locator('#siblings').getByRole('button', { name: 'Start over' }).click();
    for (let write = 0; write < 3; write++)
      await page.locator('#siblings').getByRole('button', { name: 'Ann writes' }).click();
    expect(await counts()).toEqual(['1 value', '1 value']);
    await page.context().close();
  });

  test('a chosen theme holds on the next page', async () => {
    const page = await visit('', { colorScheme: 'light' });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.getByRole('button', { name: 'Dark theme' }).click();
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.getByRole('link', { name: 'Start reading' }).click();
    await page.getByRole('button', { name: 'Light theme' }).waitFor();
    expect(await paper()).toBe(dark);
    await page.context().close();
  });

  test('with little motion asked for no dot is shown, and the counts are', async () => {
    const page = await visitLab({ reducedMotion: 'reduce' });
    expect(await page.locator('#lab .picture .dots').evaluate((dots) => getComputedStyle(dots).display)).toBe(
      'none',
    );
    const labels = await page.locator('#lab .picture .link .label').allTextContents();
    expect(labels.join(' ')).toMatch(/\d/);
    await page.context().close();
  });

  test('the chapter’s scripts stay within their budget', async () => {
    let bytes = 0;
    const sizes: Promise<void>[] = [];
    const page = await visit(chapter, {}, async (fresh) => {
      fresh.on('response', (response) => {
        if (!response.url().endsWith('.js')) return;
        sizes.push(response.body().then((body) => void (bytes += gzipSync(body).length)));
      });
    });
    for (const island of ['#lab', '.quiz']) await wake(page, island);
    await Promise.all(sizes);
    console.log(`chapter: ${(bytes / 1000).toFixed(1)} KB of script, gzipped`);
    expect(bytes).toBeLessThan(scriptBytesMost);
    await page.context().close();
  });

  test('nothing complained: no console error, no refused resource, no breach of the content security policy', () => {
    expect(complaints).toEqual([]);
  });
});

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
