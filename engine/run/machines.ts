/** From a scenario's description to what the loop runs: machines, links, arrivals. */

import { type LatencyTable, LatencyTables } from '../kernel/latency.ts';
import type { LatencySpec } from '../kernel/latency-spec.ts';
import type { Actor } from '../kernel/loop.ts';
import type { LinkSettings } from '../kernel/network.ts';
import {
  MESSAGE_KINDS,
  SERVICE_APPLY,
  SERVICE_CLASSES,
  SERVICE_READ,
  SERVICE_WRITE,
} from '../kernel/protocol.ts';
import type { LinkSpec, NodeSpec, Scenario } from '../scenario/scenario.ts';
import { wayOf } from '../topologies/leaderless/messages.ts';
import { routingOf } from '../topologies/topologies.ts';
import type { Arrivals } from '../workload/clients.ts';

/** The part of an actor that is the machine's and not the protocol's. */
export type Machine = Pick<Actor, 'servicePs' | 'queueUsMost' | 'disk' | 'clock'>;

export function machineOf(node: NodeSpec, tables: LatencyTables): Machine {
  const servicePs = new Array<number>(SERVICE_CLASSES).fill(0);
  servicePs[SERVICE_READ] = node.readPs;
  servicePs[SERVICE_WRITE] = node.writePs;
  servicePs[SERVICE_APPLY] = node.applyPs;
  return {
    servicePs,
    ...(node.queueUsMost !== null && { queueUsMost: node.queueUsMost }),
    disk: { fsync: tables.of(node.fsync), bytesPerSecond: node.diskBytesPerSecond },
    clock: { skewUs: node.skewUs, driftPpm: node.driftPpm },
  };
}

const immediate: LatencySpec = { type: 'constant', delayUs: 0 };

/** A machine that costs nothing, for managers and clients. */
export function idealMachine(tables: LatencyTables): Machine {
  return {
    servicePs: new Array<number>(SERVICE_CLASSES).fill(0),
    disk: { fsync: tables.of(immediate), bytesPerSecond: 0 },
    clock: { skewUs: 0, driftPpm: 0 },
  };
}

/**
 * Runs of one scenario, and of others made of it over the same links, share latency tables: these depend on nothing else, and
 * take longer to build than a short run.
 */
const tablesByLinks = new WeakMap<Scenario['between'], LatencyTables>();

export function tablesOf({ between }: Scenario): LatencyTables {
  let tables = tablesByLinks.get(between);
  if (tables === undefined) tablesByLinks.set(between, (tables = new LatencyTables()));
  return tables;
}

/**
 * Link settings of a pair of actors, by their regions. Messages between the cluster's own members, the first `members`
 * actors, keep their order, as on one TCP connection, unless said otherwise. Clients have a connection each, in nobody's
 * order, and on it nothing arrives twice: a write that did would happen twice, and its refusal could follow its success.
 */
export function linkSettingsOf(
  scenario: Scenario,
  regions: readonly string[],
  members: number,
  tables: LatencyTables,
) {
  // Between clients and whom they ask there may be a proxy.
  const hopUs = routingOf(scenario.topology)?.hopUs ?? 0;
  return (from: number, to: number): LinkSettings => {
    const link =
      scenario.between.find((each) => each.from === regions[from] && each.to === regions[to]) ??
      scenario.within;
    const amongMembers = from < members && to < members;
    const ofClients = from < members !== to < members;
    return {
      latency: tables.of(link.latency),
      ...(link.latencyOf !== undefined && { latencyByKind: latenciesByKind(link, tables) }),
      mayDuplicate: amongMembers,
      ...(hopUs > 0 && ofClients && { hopUs }),
      bytesPerSecond: link.bytesPerSecond,
      loss: link.loss,
      duplication: link.duplication,
      ordered: amongMembers && !link.reordering,
    };
  };
}

function latenciesByKind({ latency, latencyOf = {} }: LinkSpec, tables: LatencyTables): LatencyTable[] {
  return Array.from({ length: MESSAGE_KINDS }, (_, kind) => {
    const way = wayOf(kind);
    return tables.of((way === null ? undefined : latencyOf[way]) ?? latency);
  });
}

/** Time between arrivals at a rate, in ticks fine enough that rounding does not change the rate; null for none. */
export function arrivalsOf(
  perSecond: number,
  kind: 'poisson' | 'regular',
  tables: LatencyTables,
): Arrivals | null {
  if (perSecond === 0) return null;
  let known = arrivalsByTables.get(tables);
  if (known === undefined) arrivalsByTables.set(tables, (known = { poisson: new Map(), regular: new Map() }));
  let arrivals = known[kind].get(perSecond);
  if (arrivals === undefined) known[kind].set(perSecond, (arrivals = newArrivals(perSecond, kind, tables)));
  return arrivals;
}

/** Runs that share tables share arrivals. */
const arrivalsByTables = new WeakMap<LatencyTables, Record<'poisson' | 'regular', Map<number, Arrivals>>>();

function newArrivals(perSecond: number, kind: 'poisson' | 'regular', tables: LatencyTables): Arrivals {
  const meanUs = 1_000_000 / perSecond;
  // As fine as leaves the longest wait of a 32-bit draw, 22.2 means, below the 2^31 ticks that a table holds.
  let ticksPerUs = 2 ** 20;
  while (meanUs * ticksPerUs > 2 ** 26) ticksPerUs /= 2;
  const mean = meanUs * ticksPerUs;
  const table = tables.of(
    kind === 'poisson'
      ? { type: 'exponential', meanUs: mean }
      : { type: 'constant', delayUs: Math.round(mean) },
  );
  return { table, ticksPerUs };
}
