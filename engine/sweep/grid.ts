/** The axes of a sweep: which setting, which values, and how a value gets into a scenario. */
import * as z from 'zod/mini';
import { pow } from '../kernel/exact-math.ts';
import { describePath, InputError, type Problem, showValue } from '../scenario/problems.ts';

export type SettingValue = number | string | boolean;

const valuesMost = 1000;
const values = z
  .array(z.union([z.number(), z.string(), z.boolean()]))
  .check(z.minLength(1), z.maxLength(valuesMost));

export const axisSchema = z.union([
  values,
  z.strictObject({
    values: z.optional(values),
    from: z.optional(z.number()),
    to: z.optional(z.number()),
    step: z.optional(z.number().check(z.gt(0), z.describe('Between two values'))),
    count: z.optional(z.int().check(z.gte(2), z.lte(valuesMost), z.describe('Values, both ends included'))),
    scale: z._default(
      z
        .enum(['linear', 'log'])
        .check(z.describe('log: each value so many times the one before, rounded to three digits')),
      'linear',
    ),
    label: z.optional(
      z.string().check(z.minLength(1), z.maxLength(60), z.describe('What it is called in a picture')),
    ),
    unit: z.optional(z.string().check(z.maxLength(30))),
  }),
]);

export interface Axis {
  /** As it is written: `workload.clients[*].writesPerSecond`. */
  readonly setting: string;
  readonly values: readonly SettingValue[];
  readonly scale: 'linear' | 'log';
  /** null where the setting's own name has to do. */
  readonly label: string | null;
  readonly unit: string | null;
  /** Whether the values are a list of their own in the document, and not in `values` or made of a range. */
  readonly written: 'list' | 'values' | 'range';
}

/** How many combinations there are. */
export function cellsOf({ axes }: { readonly axes: readonly Axis[] }): number {
  return axes.reduce((cells, axis) => cells * axis.values.length, 1);
}

const notSwept = ['id', 'title', 'seed', 'expect'];

export function axisOf(setting: string, written: z.output<typeof axisSchema>, problems: Problem[]): Axis {
  const path = ['grid', setting];
  if (!/^[A-Za-z]\w*(\.[\w-]+|\[(\d+|\*)\])*$/.test(setting))
    problems.push({
      path,
      found: showValue(setting),
      expected:
        'the path of a setting, such as topology.failover.timeoutMs or workload.clients[0].writesPerSecond',
    });
  if (notSwept.includes(setting))
    problems.push({
      path,
      found: setting,
      expected: 'a setting that changes what happens',
      ...(setting === 'seed' && {
        hint: 'every combination is run with the seeds from seed up, runs of them',
      }),
    });
  const axis = Array.isArray(written)
    ? { values: written, scale: 'linear' as const, label: null, unit: null, written: 'list' as const }
    : {
        values: written.values ?? rangeOf(written, path, problems),
        scale: written.scale,
        label: written.label ?? null,
        unit: written.unit ?? null,
        written: written.values === undefined ? ('range' as const) : ('values' as const),
      };
  axis.values.forEach((value, index) => {
    if (axis.values.indexOf(value) === index) return;
    problems.push({
      path: valuePath({ ...axis, setting }, index),
      found: `${showValue(value)} a second time`,
      expected: 'each value once',
    });
  });
  return { setting, ...axis };
}

function rangeOf(
  { from, to, step, count, scale }: Exclude<z.output<typeof axisSchema>, unknown[]>,
  path: readonly string[],
  problems: Problem[],
): number[] {
  const refuse = (found: string, expected: string): number[] => {
    problems.push({ path, found, expected });
    return [from ?? 0];
  };
  if (from === undefined || to === undefined) return refuse('no values', 'a list, or values, or from and to');
  if (!(from < to)) return refuse(`from ${from} to ${to}`, 'the smaller first');
  if ((step === undefined) === (count === undefined))
    return refuse('no step and no count, or both', 'one of them');
  if (scale === 'log') {
    if (!(from > 0)) return refuse(`a log range from ${from}`, 'one that begins above 0');
    if (count === undefined) return refuse('a log range with a step', 'count');
    return Array.from({ length: count }, (_, index) =>
      Number((from * pow(to / from, index / (count - 1))).toPrecision(3)),
    );
  }
  const length = count ?? Math.floor((to - from) / step! + 1e-9) + 1;
  if (length > valuesMost) return refuse(`${length} values`, `at most ${valuesMost}`);
  const between = step ?? (to - from) / (length - 1);
  return Array.from({ length }, (_, index) => Number((from + index * between).toPrecision(12)));
}

/** A scenario as it is written with each axis's setting in it. Throws InputError where there is no place for one. */
export function withSettings(
  scenario: Readonly<Record<string, unknown>>,
  axes: readonly Pick<Axis, 'setting'>[],
  settings: readonly SettingValue[],
): Record<string, unknown> {
  const changed = copyOf(scenario) as Record<string, unknown>;
  for (const [index, { setting }] of axes.entries()) set(changed, partsOf(setting), 0, settings[index]!);
  return changed;
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each)]));
}

function partsOf(setting: string): string[] {
  return setting.replace(/\[([^\]]*)\]/g, '.$1').split('.');
}

function set(at: unknown, parts: readonly string[], index: number, value: SettingValue): void {
  const part = parts[index]!;
  const isLast = index === parts.length - 1;
  const wrong = (found: string, expected: string) =>
    new InputError('scenario', [{ path: parts.slice(0, index), found, expected }]);
  if (Array.isArray(at)) {
    const places = at.flatMap((each, place) => (isNamed(each, place, part) ? [place] : []));
    if (places.length === 0) throw wrong(showValue(at), `an element ${part}: an index, an id or *`);
    for (const place of places) {
      if (isLast) at[place] = value;
      else set(at[place], parts, index + 1, value);
    }
    return;
  }
  if (typeof at !== 'object' || at === null)
    throw wrong(showValue(at), `an object or a list, to set ${part} in it`);
  const keys = at as Record<string, unknown>;
  if (isLast) {
    keys[part] = value;
    return;
  }
  // What a scenario leaves out has its default; here it gets a value.
  if (!Object.hasOwn(keys, part)) keys[part] = {};
  set(keys[part], parts, index + 1, value);
}

function isNamed(element: unknown, index: number, part: string): boolean {
  if (part === '*' || part === String(index)) return true;
  return typeof element === 'object' && element !== null && (element as { id?: unknown }).id === part;
}

/** Puts a problem of a cell's scenario where the sweep says what is wrong there: at the value of an axis, if any. */
export function placeProblem(
  axes: readonly Axis[],
  settings: readonly SettingValue[],
  { path, found, expected, hint }: Problem,
): Problem {
  const index = axes.findIndex(({ setting }) => isAlong(partsOf(setting), path.map(String)));
  const more = hint === undefined ? {} : { hint };
  const axis = axes[index];
  if (axis === undefined) return { path: ['scenario', ...path], found, expected, ...more };
  const isExact = path.length === partsOf(axis.setting).length && found === showValue(settings[index]);
  return {
    path: valuePath(axis, axis.values.indexOf(settings[index]!)),
    found: isExact ? found : `${describePath(path)}: ${found}`,
    expected,
    ...more,
  };
}

/** Whether one leads to the other. */
function isAlong(setting: readonly string[], path: readonly string[]): boolean {
  const shared = Math.min(setting.length, path.length);
  for (let index = 0; index < shared; index++) {
    const isIndex = /^\d+$/.test(path[index]!);
    if (setting[index] !== path[index] && !isIndex) return false;
    if (isIndex && setting[index] !== '*' && /^\d+$/.test(setting[index]!) && setting[index] !== path[index])
      return false;
  }
  return shared > 0;
}

function valuePath(
  { setting, written }: Pick<Axis, 'setting' | 'written'>,
  index: number,
): (string | number)[] {
  if (written === 'range') return ['grid', setting];
  return written === 'list' ? ['grid', setting, index] : ['grid', setting, 'values', index];
}
