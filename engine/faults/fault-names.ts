import { type Problem, unknownName } from '../scenario/problems.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { FaultDocument } from '../scenario/schema.ts';
import { placeOf } from '../topologies/sharded/spec.ts';

/** Names in a fault that nobody has. */
export function faultProblems(scenario: Scenario, fault: FaultDocument, path: Problem['path']): Problem[] {
  const nodes = scenario.nodes.map(({ id }) => id);
  if (!('from' in fault || 'to' in fault || fault.type === 'heal')) {
    const { node } = fault;
    const unknown =
      node === undefined || nodes.includes(node)
        ? []
        : [unknownName(node, 'a node', nodes, [...path, 'node'])];
    return fault.type === 'change-schema'
      ? [...unknown, ...columnProblems(scenario, [...path, 'type'])]
      : unknown;
  }
  const known = endNames(scenario);
  const helpers = helperPlaces(scenario).map((place) => `the ${place}`);
  const kinds = ['a node', 'a client group', 'a region', ...helpers];
  const expected = `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
  const problems: Problem[] = [];
  for (const key of ['from', 'to'] as const) {
    fault[key]?.forEach((name, index) => {
      if (!known.includes(name)) {
        problems.push(unknownName(name, expected, known, [...path, key, index]));
      }
    });
  }
  if (fault.type === 'heal' && (fault.from === undefined) !== (fault.to === undefined)) {
    problems.push({
      path,
      found: 'only one of from and to',
      expected: 'both, or neither to heal every link',
    });
  }
  return problems;
}

/** Only tables whose last column comes later can be changed. */
function columnProblems({ topology }: Scenario, path: Problem['path']): Problem[] {
  if (topology.type === 'multi-leader' && topology.lastColumnLater) return [];
  return [
    {
      path,
      found: 'change-schema',
      expected: 'several leaders (topology.type: multi-leader) with lastColumnLater: true',
    },
  ];
}

/** What the ends of a link fault may be called. */
function endNames(scenario: Scenario): string[] {
  return [
    ...new Set([
      ...scenario.nodes.map(({ id }) => id),
      ...scenario.workload.clients.map(({ id }) => id),
      ...helperPlaces(scenario),
      ...scenario.nodes.map(({ region }) => region),
      ...scenario.workload.clients.map(({ region }) => region),
    ]),
  ];
}

/** Helpers by where they run. */
export function helperPlaces(scenario: Scenario): string[] {
  return [...new Set(scenario.helpers.map(({ name }) => placeOf(name)))];
}
