import * as z from 'zod/mini';
import { InputError, nearest, notKnownHere, type Problem, showValue, valueAt } from './problems.ts';

/**
 * Parses a document, or throws an InputError that lists everything wrong with it.
 * @param root The document; its values are shown in the problems.
 */
export function parseDocument<Schema extends z.ZodMiniType>(
  document: InputError['document'],
  schema: Schema,
  root: unknown,
): z.output<Schema> {
  const result = z.safeParse(schema, root);
  if (result.success) return result.data;
  throw new InputError(document, problemsOf(result.error.issues, root, schema));
}

type Issue = z.core.$ZodIssue;

function problemsOf(issues: readonly Issue[], root: unknown, schema: z.ZodMiniType): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], root, schema));
}

function problemsOfIssue(
  issue: Issue,
  prefix: readonly PropertyKey[],
  root: unknown,
  schema: z.ZodMiniType,
): Problem[] {
  const path = [...prefix, ...issue.path].map((part) => (typeof part === 'number' ? part : String(part)));
  const found = showValue(valueAt(root, path));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, root, schema));
    case 'invalid_union':
      return problemsOfUnion(issue, path, root, schema, found);
    case 'invalid_value':
      return [withNear({ path, found, expected: oneOf(issue.values) }, valueAt(root, path), issue.values)];
    case 'invalid_type':
      return [{ path, found, expected: article(issue.expected) }];
    case 'too_small':
      return [
        {
          path,
          found,
          expected: bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum),
        },
      ];
    case 'too_big':
      return [
        {
          path,
          found,
          expected: bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum),
        },
      ];
    case 'not_multiple_of':
      return [{ path, found, expected: `a multiple of ${issue.divisor}` }];
    case 'invalid_format':
      return [
        {
          path,
          found,
          expected:
            issue.pattern === undefined ? `a valid ${issue.format}` : `text that matches ${issue.pattern}`,
        },
      ];
    default:
      return [{ path, found, expected: issue.message }];
  }
}

/** Of a union's branches the one that got furthest is what the writer meant; its problems are the useful ones. */
function problemsOfUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly (string | number)[],
  root: unknown,
  schema: z.ZodMiniType,
  found: string,
): Problem[] {
  if (issue.errors.length === 0) {
    const options = (issue as { options?: readonly unknown[] }).options ?? [];
    return [withNear({ path, found, expected: oneOf(options) }, valueAt(root, path), options)];
  }
  const meant = issue.errors.filter((branch) => !branch.some((inner) => isWrongTypeHere(inner)));
  const branch = meant[0];
  if (branch !== undefined) return branch.flatMap((inner) => problemsOfIssue(inner, path, root, schema));
  const expectations = issue.errors.flatMap((inner) =>
    inner
      .filter(isWrongTypeHere)
      .flatMap((each) => problemsOfIssue(each, path, root, schema).map((problem) => problem.expected)),
  );
  const words = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
  return [
    withNear({ path, found, expected: [...new Set(expectations)].join(' or ') }, valueAt(root, path), words),
  ];
}

function isWrongTypeHere(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function unknownKey(
  path: readonly (string | number)[],
  key: string,
  root: unknown,
  schema: z.ZodMiniType,
): Problem {
  const known = keysAt(schema, path, root);
  return withNear(
    {
      path: [...path, key],
      found: notKnownHere,
      expected: known.length === 0 ? 'no such key' : oneOf(known, 'one of the keys'),
    },
    key,
    known,
  );
}

/** Made once a schema: a document with thousands of unknown keys asks thousands of times. */
const jsonSchemas = new WeakMap<z.ZodMiniType, unknown>();

function jsonSchemaOf(schema: z.ZodMiniType): unknown {
  let json = jsonSchemas.get(schema);
  if (json === undefined)
    jsonSchemas.set(schema, (json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })));
  return json;
}

interface SchemaNode {
  readonly properties?: Record<string, SchemaNode>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
}

/** The keys a schema knows at a path: of a union, those of the branch of the written type; empty where there is none. */
function keysAt(schema: z.ZodMiniType, path: readonly (string | number)[], root: unknown): string[] {
  let at = branchOf(jsonSchemaOf(schema) as SchemaNode, root);
  path.forEach((part, index) => {
    const next = typeof part === 'number' ? at?.items : at?.properties?.[part];
    at = branchOf(next, valueAt(root, path.slice(0, index + 1)));
  });
  return Object.keys(at?.properties ?? {});
}

function branchOf(node: SchemaNode | undefined, written: unknown): SchemaNode | undefined {
  if (node?.oneOf === undefined) return node;
  const { type } = (written ?? {}) as { type?: unknown };
  return node.oneOf.find(({ properties }) => properties?.type?.const === type);
}

function oneOf(values: readonly unknown[], lead = 'one of'): string {
  const shown = values.map((value) => String(value));
  return shown.length === 1 ? shown[0]! : `${lead} ${shown.join(', ')}`;
}

function withNear(problem: Problem, found: unknown, candidates: readonly unknown[]): Problem {
  const near = typeof found === 'string' ? nearest(found, candidates.map(String)) : undefined;
  return near === undefined ? problem : { ...problem, hint: `did you mean ${near}?` };
}

function article(expected: string): string {
  if (expected === 'object') return 'an object (keys and values)';
  if (expected === 'array') return 'a list';
  if (expected === 'int') return 'a whole number';
  if (expected === 'boolean') return 'true or false';
  if (expected === 'string') return 'text';
  return `a ${expected}`;
}

function bound(origin: string, relation: string, limit: number | bigint | unknown): string {
  if (origin === 'array') return `a list of ${relation} ${String(limit)}`;
  if (origin === 'string') return `text of ${relation} ${String(limit)} characters`;
  return `${relation} ${String(limit)}`;
}
