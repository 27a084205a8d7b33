import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseScenario, type ScenarioSource, simulate } from '#engine';
import { Lab, type LabVariant } from './lab.ts';

const bundled = (id: string) =>
  parse(
    readFileSync(new URL(`../../content/scenarios/${id}.yaml`, import.meta.url), 'utf8'),
  ) as ScenarioSource;
const variantOf = (label: string, source: ScenarioSource): LabVariant => ({
  label,
  source,
  scenario: parseScenario(source),
});

const acknowledgements = ['asynchronous', 'semi-synchronous', 'synchronous'] as const;
const source = bundled('one-leader-lab');
const variants = acknowledgements.map((acknowledgement) =>
  variantOf(acknowledgement, {
    ...source,
    topology: { ...source.topology, acknowledgement } as never,
  }),
);
const newLab = () => new Lab({ variants });

/** Plays to the end on a display of so many Hz. */
function playToTheEnd(lab: Lab, hz: number): string {
  lab.speed.value = 10;
  lab.play();
  for (let frame = 0; lab.playing.value; frame++) {
    if (frame > 100_000) throw new Error('The run does not end');
    lab.frame(1000 / hz);
  }
  return lab.digest.value;
}

describe('lab', () => {
  test('the display’s rate does not reach the run, and simulate runs the same one', () => {
    const digests = [24, 30, 60, 120, 144].map((hz) => {
      const lab = newLab();
      lab.seek(3000);
      lab.inject({ type: 'crash', node: 'a' });
      return [playToTheEnd(lab, hz), simulate(parseScenario(lab.asScenario())).digest];
    });
    expect(new Set(digests.flat()).size).toBe(1);
  });

  test('every variant is a run of its own, saved as such', () => {
    const digests = acknowledgements.map((_, index) => {
      const lab = newLab();
      lab.restart(index, 7);
      const digest = playToTheEnd(lab, 60);
      expect(simulate(parseScenario(lab.asScenario())).digest).toBe(digest);
      return digest;
    });
    expect(new Set(digests).size).toBe(3);
  });

  test.each([false, true])('a step back undoes a step (every message: %s)', (everyMessage) => {
    const lab = newLab();
    lab.setEveryMessage(everyMessage);
    lab.seek(4000);
    lab.inject({ type: 'cut', from: ['a'], to: ['b'], oneWay: false });
    for (let steps = 0; steps < 30; steps++) lab.step();
    const states: string[] = [];
    const stateOf = () =>
      JSON.stringify([lab.digest.value, lab.nowMs.value, lab.lines.value, lab.picture.value.sentence.value]);
    for (let steps = 0; steps < 10; steps++) {
      states.push(stateOf());
      lab.step();
    }
    for (const state of states.toReversed()) {
      lab.stepBack();
      lab.stepBack();
      lab.step();
      expect(stateOf()).toBe(state);
    }
  });

  test('faults stay when the reader goes back, until another is made before them', () => {
    const lab = newLab();
    lab.seek(5000);
    lab.inject({ type: 'crash', node: 'a' });
    lab.seek(2500);
    expect(lab.made.value).toHaveLength(1);
    lab.seek(6000);
    expect(lab.picture.value.nodes[0]!.process.value).toBe('down');
    lab.seek(3000);
    expect(lab.picture.value.nodes[0]!.process.value).toBe('up');
    lab.inject({ type: 'pause', node: 'b' });
    expect(lab.made.value.map(({ type }) => type)).toEqual(['pause']);
    lab.seek(6000);
    expect(lab.picture.value.nodes[0]!.process.value).toBe('up');
  });

  test('a fault that cannot be made is refused in words, and the run is left as it was', () => {
    const lab = newLab();
    const before = lab.digest.value;
    lab.inject({ type: 'restart', node: 'a' });
    expect(lab.announcement.value).toMatch(/^Not now: /);
    expect(lab.made.value).toEqual([]);
    expect(lab.digest.value).toBe(before);
    expect(lab.canMake({ type: 'restart', node: 'a' })).toMatchObject({ enabled: false });
    expect(lab.canMake({ type: 'crash', node: 'a' })).toMatchObject({ enabled: true });
  });

  test('an exercise counts faults, not repairs, and is judged by how the run ends', () => {
    const task = { violates: 'divergence', par: 2 } as const;
    const lab = new Lab({ variants: [variantOf('', bundled('three-all-to-all'))], task });
    lab.seek(500);
    lab.inject({ type: 'cut', from: ['a'], to: ['c'], oneWay: false });
    lab.seek(2000);
    lab.inject({ type: 'crash', node: 'a' });
    expect(lab.score.value).toContain('Your faults: 2.');
    lab.finishNow();
    expect(lab.score.value).toBe('Solved in 2 faults. Par: 2.');
    lab.seek(2500);
    lab.inject({ type: 'restart', node: 'a' });
    lab.inject({ type: 'heal' });
    lab.finishNow();
    expect(lab.score.value).toBe('Not broken, with 2 faults. Par: 2.');
  });

  test('no time passes while it is paused', () => {
    const lab = newLab();
    const before = lab.nowMs.value;
    lab.frame(1000);
    expect(lab.nowMs.value).toBe(before);
    lab.play();
    lab.frame(16);
    expect(lab.nowMs.value).toBeGreaterThan(before);
  });

  test('says aloud who leads when that changes', () => {
    const lab = newLab();
    lab.inject({ type: 'crash', node: 'a' });
    const heard = new Set<string>();
    lab.announcement.subscribe((sentence) => heard.add(sentence));
    playToTheEnd(lab, 60);
    expect([...heard].join('. ')).toMatch(/a is crashed.*leads term 2.*The run is over: \d+ ack/s);
  });

  test('asked as its question asks: a stall before the crash is what is lost, and one follower to wait for saves it', () => {
    const lostAfter = (acknowledgement: (typeof acknowledgements)[number], stallMs: number) => {
      const lab = newLab();
      lab.restart(acknowledgements.indexOf(acknowledgement), 1);
      lab.inject({ type: 'cut', from: ['a'], to: ['b', 'c'], oneWay: false });
      lab.seek(lab.nowMs.value + stallMs);
      lab.inject({ type: 'crash', node: 'a' });
      playToTheEnd(lab, 60);
      return lab.metrics.value.lostWrites;
    };
    const half = lostAfter('asynchronous', 500);
    expect(half).toBeGreaterThan(5);
    expect(lostAfter('asynchronous', 1000)).toBeGreaterThan(half);
    expect(lostAfter('semi-synchronous', 1000)).toBe(0);
    expect(lostAfter('synchronous', 1000)).toBe(0);
  });

  test('a variant may have other machines: it has a picture of its own, and keeps the figures asked for', () => {
    const show = [['operations.write.ok', 'acknowledged'], 'nodes.follower-1.reads'] as const;
    const lab = new Lab({
      variants: [variants[0]!, variantOf('six', bundled('read-scaling'))],
      show,
      atMs: 100,
    });
    const before = lab.picture.value;
    expect(lab.figures.value.map(({ value }) => value)).toEqual([expect.stringMatching(/^\d+$/), '–']);
    lab.restart(1, 1);
    expect(lab.picture.value).not.toBe(before);
    expect(lab.picture.value.nodes).toHaveLength(6);
    expect(lab.figures.value[1]!.value).toMatch(/^\d+$/);
    expect(lab.canMake({ type: 'crash', node: 'follower-5' }).enabled).toBe(true);
  });

  test('at once to the end is the run that simulate reports', () => {
    const lab = new Lab({
      variants: [variantOf('', bundled('semi-sync-leader-crash'))],
      show: ['operations.write.ok'],
    });
    expect(lab.nowMs.value).toBeCloseTo(29_900, 0);
    lab.finishNow();
    const { digest, operations } = simulate(lab.scenario);
    expect(lab.done.value).toBe(true);
    expect(lab.digest.value).toBe(digest);
    expect(lab.figures.value[0]!.value.replaceAll(',', '')).toBe(String(operations.write.ok));
  });
});
