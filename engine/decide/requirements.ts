/**
 * What someone needs from a replicated store, as they write it in YAML or JSON: rates per second, times in
 * milliseconds (an outage in seconds), sizes in gigabytes. Everything has a default, so `{}` is a document.
 *
 * ```ts
 * decide(parseRequirements({ writesPerSecond: 200, lossToleratedMs: 0 }));
 * ```
 */
import * as z from 'zod/mini';
import { parseDocument } from '../scenario/parse-document.ts';
import { resolveRequirements } from './requirements-checks.ts';

/** The longest time that may be written. */
export const yearMs = 366 * 24 * 3_600_000;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const rate = (description: string) => z.number().check(z.gte(0), z.lte(10_000_000), z.describe(description));
const capacity = (description: string) =>
  z.number().check(z.gte(1), z.lte(10_000_000), z.describe(description));
const timeMs = (description: string) => z.number().check(z.gte(0), z.lte(yearMs), z.describe(description));
/** A minute is far beyond any way on earth, and keeps the timeouts derived from it finite. */
const roundTripMs = (description: string) =>
  z.number().check(z.gte(0), z.lte(60_000), z.describe(description));
const share = (description: string) =>
  z.optional(z.number().check(z.gt(0), z.lte(1), z.describe(description)));
const id = (description: string) => z.string().check(z.regex(idPattern), z.describe(description));

/** Weakest promise first: a later one includes the earlier ones. */
export const consistencies = ['eventual', 'session', 'strong'] as const;
/** From no answer at all to types that cannot conflict. */
export const conflictStrategies = ['none', 'last-writer-wins', 'merge', 'crdt'] as const;
/** Least first. */
export const efforts = ['low', 'medium', 'high'] as const;
/** Smaller failure first. */
export const failureDomains = ['node', 'region'] as const;
export const partitionChoices = ['refuse', 'accept'] as const;
const providers = ['AWS', 'Azure'] as const;

const node = z.strictObject({
  readsPerSecond: z._default(capacity('Reads one node serves per second before it saturates'), 10_000),
  writesPerSecond: z._default(capacity('Writes one node takes per second before it saturates'), 5_000),
  storageGB: z._default(
    z.number().check(z.gte(1), z.lte(1_000_000), z.describe('Data one node holds, in gigabytes')),
    2_000,
  ),
});

const region = z.strictObject({
  id: id('Name of the region; with a provider, the provider’s own name unless `place` says it'),
  share: share(
    'Share of the users in this region, all regions together 1; left out everywhere: equal shares',
  ),
  place: z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.maxLength(64),
        z.describe('The provider’s name of the region, such as East US, where it differs from the id'),
      ),
  ),
});

const roundTrip = z.strictObject({
  provider: z.optional(
    z
      .enum(providers)
      .check(
        z.describe('Take round trips from the provider’s published measurements; regions are its names'),
      ),
  ),
  pairs: z._default(
    z
      .array(
        z.strictObject({
          from: id('One region'),
          to: id('The other region'),
          ms: roundTripMs('Round trip between the two, in milliseconds; comes before the provider’s'),
        }),
      )
      .check(z.maxLength(256), z.describe('Round trips you measured yourself')),
    [],
  ),
  otherwiseMs: z._default(
    roundTripMs(
      'Round trip between two regions that neither `pairs` nor the provider tells, in milliseconds',
    ),
    100,
  ),
});

const entity = z.strictObject({
  name: z
    .string()
    .check(z.minLength(1), z.maxLength(64), z.describe('What kind of data it is, such as bookings')),
  share: share('Share of reads and writes, all entities together 1; left out everywhere: equal shares'),
  consistency: z._default(
    z
      .enum(consistencies)
      .check(
        z.describe(
          'What a reader is promised: strong (the latest acknowledged write, always), session (one’s own writes, never backwards), eventual',
        ),
      ),
    'session',
  ),
  transactions: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether one change must cover several keys or none, such as money from one account to another',
        ),
      ),
    false,
  ),
  mergeable: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether two concurrent changes can both be kept by design (a cart, a counter, a preference), as stock and balances cannot',
        ),
      ),
    false,
  ),
  conflict: z._default(
    z
      .enum(conflictStrategies)
      .check(
        z.describe(
          'What to do with two concurrent changes: none (not decided), last-writer-wins (one is dropped), merge (your function), crdt',
        ),
      ),
    'none',
  ),
});

export const requirementsSchema = z.strictObject({
  id: z._default(
    id('Short name, used in scenario ids; letters, digits, dot, dash, underscore'),
    'requirements',
  ),
  title: z._default(
    z.string().check(z.maxLength(200), z.describe('What is being built, in a few words')),
    '',
  ),
  readsPerSecond: z._default(rate('Reads per second at peak, all users together'), 500),
  writesPerSecond: z._default(rate('Writes per second at peak, all users together'), 50),
  dataGB: z._default(
    z.number().check(z.gte(0), z.lte(100_000_000), z.describe('Size of the data, one copy, in gigabytes')),
    50,
  ),
  node: z.prefault(node.check(z.describe('What one machine can do')), {}),
  regions: z._default(
    z.array(region).check(z.minLength(1), z.maxLength(12), z.describe('Where the users are')),
    [{ id: 'local' }],
  ),
  roundTrip: z.prefault(roundTrip.check(z.describe('How far the regions are from each other')), {}),
  writeLatencyP99Ms: z._default(
    z
      .number()
      .check(
        z.gt(0),
        z.lte(yearMs),
        z.describe(
          'Write latency as the user sees it, 99th percentile of all users, in milliseconds, outside failures',
        ),
      ),
    200,
  ),
  stalenessToleratedMs: z._default(
    timeMs('How old a read of data that is not strong may be, in milliseconds; 0: not at all'),
    1_000,
  ),
  lossToleratedMs: z._default(
    timeMs('RPO: acknowledged writes that may be lost in a failure, in milliseconds of work; 0: none'),
    1_000,
  ),
  lossToleratedWrites: z.optional(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(1_000_000_000),
        z.describe('RPO as a number of acknowledged writes; the stricter of the two holds'),
      ),
  ),
  outageToleratedS: z._default(
    z
      .number()
      .check(
        z.gte(0),
        z.lte(yearMs / 1000),
        z.describe('RTO: how long writes may be out after a failure, in seconds'),
      ),
    60,
  ),
  survives: z._default(
    z
      .enum(failureDomains)
      .check(
        z.describe(
          'The largest failure through which the loss and outage targets must hold: one node, or a whole region',
        ),
      ),
    'node',
  ),
  duringPartition: z._default(
    z
      .enum(partitionChoices)
      .check(
        z.describe(
          'While replicas cannot reach each other: refuse writes on a side that cannot be sure, or accept on every side and reconcile after',
        ),
      ),
    'refuse',
  ),
  entities: z._default(
    z
      .array(entity)
      .check(z.minLength(1), z.maxLength(32), z.describe('The kinds of data and what each is promised')),
    [{ name: 'data', consistency: 'session', transactions: false, mergeable: false, conflict: 'none' }],
  ),
  operatingEffort: z._default(
    z
      .enum(efforts)
      .check(
        z.describe('How much you are willing to operate: low (managed, hands off), medium, high (own team)'),
      ),
    'medium',
  ),
});

/** As written in a file, defaults left out. */
export type RequirementsSource = z.input<typeof requirementsSchema>;
/** As written, defaults filled in; a share left out is still missing. */
export type RequirementsDocument = z.output<typeof requirementsSchema>;
export type Effort = (typeof efforts)[number];

export type Region = Omit<RequirementsDocument['regions'][number], 'share'> & { readonly share: number };
export type Entity = Omit<RequirementsDocument['entities'][number], 'share'> & { readonly share: number };

/** Complete and consistent: every share is given and each list of shares sums to 1. Is itself a valid source. */
export type Requirements = Omit<RequirementsDocument, 'regions' | 'entities'> & {
  readonly regions: readonly Region[];
  readonly entities: readonly Entity[];
};

/** Parses requirements, or throws an InputError that lists everything wrong with them. */
export function parseRequirements(input: unknown): Requirements {
  return resolveRequirements(parseDocument('requirements', requirementsSchema, input ?? {}));
}

/** One field of the requirements, for help texts and reference pages. */
export interface RequirementsField {
  /** As an error names it; `[]` stands for any index. */
  readonly path: string;
  /** `number`, `text`, `yes or no`, or the values it may take. */
  readonly type: string;
  /** undefined where the field may be left out without taking a value, or must be given. */
  readonly default: unknown;
  readonly required: boolean;
  readonly description: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** Every field, in the order of the schema, generated from it. */
export function requirementsFields(): RequirementsField[] {
  return fieldsOf(z.toJSONSchema(requirementsSchema, { io: 'input' }) as JsonSchema, '');
}

function fieldsOf(schema: JsonSchema, prefix: string): RequirementsField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`;
    const itself: RequirementsField = {
      path,
      type: typeName(field),
      default: field.default,
      required: schema.required?.includes(key) ?? false,
      description: field.description ?? '',
    };
    const inner =
      field.type === 'array' ? fieldsOf(field.items ?? {}, `${path}[].`) : fieldsOf(field, `${path}.`);
    return [itself, ...inner];
  });
}

function typeName(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (schema.type === 'array') return 'list';
  if (schema.type === 'boolean') return 'true | false';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'integer') return 'whole number';
  return schema.type ?? '';
}
