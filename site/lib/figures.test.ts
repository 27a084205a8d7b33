import { describe, expect, test } from 'vitest';
import { parseScenario, simulate } from '#engine';
import { figure, formatNumber, measured } from './figures.ts';

const report = simulate(
  parseScenario({
    id: 'figures',
    durationMs: 1000,
    cluster: { nodes: [{ id: 'a' }, { id: 'b-1' }] },
    topology: { type: 'leader-follower' },
    workload: { clients: [{ writesPerSecond: 100 }] },
  }),
);

describe('figures', () => {
  test('reads by key, index, name and node', () => {
    expect(measured(report, 'operations.write.ok')).toBe(report.operations.write.ok);
    expect(measured(report, 'verdicts.lost-writes.count')).toBe(0);
    expect(measured(report, 'nodes.b-1.applies')).toBe(report.nodes[1]!.applies);
    expect(measured(report, 'nodes.1.applies')).toBe(report.nodes[1]!.applies);
  });

  test('says null of what was not measured, and refuses what no report has', () => {
    expect(measured(report, 'latencyMs.read.p99')).toBeNull();
    expect(measured(report, 'failovers.0.rtoMs')).toBeNull();
    expect(() => measured(report, 'latencyMs.write.p98')).toThrow(
      'figures has no number at latencyMs.write.p98',
    );
    expect(() => measured(report, 'scenario')).toThrow('no number at scenario');
    expect(() => figure(report, 'messages.sent')).toThrow('No words for messages.sent');
  });

  test('names, rounds and gives units', () => {
    expect(figure(report, 'operations.write.ok').label).toBe('writes acknowledged');
    expect(figure(report, 'latencyMs.read.p99')).toEqual({ label: 'read at p99', value: '–', unit: '' });
    expect(figure(report, 'availability.write.ratio').value).toBe('100%');
    expect([0, 7.125, 71.25, 712.5, 71_250, 1_234_567].map(formatNumber)).toEqual([
      '0',
      '7.13',
      '71.3',
      '713',
      '71,250',
      '1,234,567',
    ]);
  });
});
