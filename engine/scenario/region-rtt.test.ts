import { expect, test } from 'vitest';
import { buildLatencyTable, meanUs, quantileUs } from '../kernel/latency.ts';
import { nearRegions, oneWayLatency, regionNames, regionRtt, rttProviders } from './region-rtt.ts';

/**
 * Rows as published: provider, date, from, to, statistic in ms, then p75 p95 p99 p99.9 p99.99 and the mean where
 * known. Sources: see the tables in region-rtt.ts.
 */
const ROWS = `
AWS,2013-05,us-east-1,us-west-2,80.9,81.2,89.2,104.0,225.0,263.0,82.65
AWS,2013-05,us-east-1,eu-west-1,109.0,111.0,114.0,118.0,154.0,192.0,107.94
AWS,2013-05,us-west-2,us-east-1,80.9,81.2,92.6,106.0,225.0,263.0,82.86
AWS,2013-05,eu-west-1,ap-southeast-1,202.0,280.0,292.0,301.0,601.0,631.0,234.13
AWS,2013-05,ap-southeast-1,ap-southeast-2,269.0,284.0,314.0,395.0,653.0,1472.0,243.03
AWS,2013-05,sa-east-1,us-east-1,147.0,177.0,239.0,291.0,308.0,312.0,167.4
AWS,2013-05,us-east-1 AZ b,us-east-1 AZ c,0.849,0.887,0.968,7.9,46.4,60.5,1.08
AWS,2013-05,us-east-1b host3,us-east-1b host2,0.395,0.431,0.511,3.94,13.0,55.3,0.51
AWS,2019..2021,eu-north-1,ap-south-1,140
AWS,2019..2021,eu-north-1,eu-west-3,32
AWS,2019..2021,eu-west-3,eu-central-1,12
AWS,2019..2021,ap-south-1,me-south-1,40
AWS,2019..2021,ap-northeast-2,ca-central-1,192
AWS,2019..2021,me-south-1,us-west-1,277
AWS,2019..2021,us-east-1,us-east-1,5
AWS,2019..2021,sa-east-1,sa-east-1,7
Azure,2026-07,East US,Australia East,201
Azure,2026-07,Japan East,East US 2,165
Azure,2026-07,North Europe,UAE North,128
Azure,2026-07,Brazil South,Central US,149
Azure,2026-07,Central India,Korea Central,121
Azure,2026-07,Germany West Central,East US,94
Azure,2023-07,East US,Brazil South,115
`
  .trim()
  .split('\n')
  .map((line) => line.split(','));

test.each(ROWS)('%s %s: %s to %s', (provider, measured, from, to, ...numbers) => {
  const row = regionRtt({ provider: provider!, from: from!, to: to!, measured: measured! })!;
  const us = numbers.map((ms) => Math.round(Number(ms) * 1000));
  expect(row).toMatchObject({ provider, measured, from, to, rttUs: us[0], meanUs: us[6], isReversed: false });
  expect(row.points.map((point) => point.delayUs)).toEqual(us.length > 1 ? us.slice(0, 6) : []);
});

test('a pair with percentiles prefers them; a date asks for one table', () => {
  const ask = { provider: 'AWS', from: 'us-east-1', to: 'eu-west-1' };
  expect(regionRtt(ask)).toMatchObject({ measured: '2013-05', statistic: 'median' });
  expect(regionRtt({ ...ask, measured: '2019..2021' })).toMatchObject({ statistic: 'mean', points: [] });
  expect(regionRtt({ ...ask, measured: '1999' })).toBeUndefined();
  expect(regionRtt({ provider: 'Azure', from: 'East US', to: 'Brazil South' })!.measured).toBe('2026-07');
});

test('names in any case, with or without spaces and hyphens', () => {
  const row = regionRtt({ provider: 'Azure', from: 'East US 2', to: 'Japan East' });
  expect(regionRtt({ provider: 'azure', from: 'eastus2', to: 'japan-east' })).toEqual(row);
  expect(row?.to).toBe('Japan East');
});

test('a pair known in one direction only serves both', () => {
  expect(regionRtt({ provider: 'Azure', from: 'East US', to: 'Central US' })).toMatchObject({
    from: 'East US',
    to: 'Central US',
    rttUs: 28_000,
    isReversed: false,
  });
  expect(regionRtt({ provider: 'Azure', from: 'Central US', to: 'East US' })).toMatchObject({
    from: 'Central US',
    to: 'East US',
    rttUs: 28_000,
    isReversed: true,
  });
});

test('a provider or pair without numbers is undefined, never a guess', () => {
  expect(regionRtt({ provider: 'GCP', from: 'us-east1', to: 'us-west1' })).toBeUndefined();
  expect(regionRtt({ provider: 'Azure', from: 'UK South', to: 'West Europe' })).toBeUndefined();
  expect(rttProviders()).toEqual(['AWS', 'Azure']);
  expect([regionNames('AWS').length, regionNames('azure').length, regionNames('GCP').length]).toEqual([
    24, 20, 0,
  ]);
});

test('near names for a mistyped one', () => {
  expect(nearRegions('AWS', 'us-est-1')[0]).toBe('us-east-1');
  expect(nearRegions('AWS', 'eu-centrl-1')[0]).toBe('eu-central-1');
  expect(nearRegions('Azure', 'West Europ')[0]).toBe('West Europe');
  expect(nearRegions('AWS', 'atlantis-underwater-9')).toEqual([]);
  expect(nearRegions('GCP', 'us-east1')).toEqual([]);
});

test('one way is half the round trip: percentiles halved, the mean kept', () => {
  const row = regionRtt({ provider: 'AWS', from: 'us-west-2', to: 'us-east-1' })!;
  const table = buildLatencyTable(oneWayLatency(row));
  for (const { percentile, delayUs } of row.points) {
    expect(Math.abs(quantileUs(table, percentile / 100) / (delayUs / 2) - 1)).toBeLessThan(0.001);
  }
  expect(meanUs(table) / (row.meanUs! / 2)).toBeCloseTo(1, 4);
  // 79.4 ms for the round trip: what the mean of 82.86 ms leaves for the half below the median.
  expect(Math.round(quantileUs(table, 0) / 100)).toBe(397);
});

test('every row with percentiles: one way agrees with the published mean within 1%', () => {
  const names = regionNames('AWS');
  let rows = 0;
  for (const from of names) {
    for (const to of names) {
      const row = regionRtt({ provider: 'AWS', from, to, measured: '2013-05' });
      if (row === undefined) continue;
      rows++;
      const oneWay = oneWayLatency(row);
      const table = buildLatencyTable(oneWay);
      expect(Math.abs((2 * meanUs(table)) / row.meanUs! - 1)).toBeLessThan(0.01);
      expect(quantileUs(table, 0)).toBeLessThanOrEqual(Math.ceil(row.rttUs / 2));
    }
  }
  expect(rows).toBe(68);
});

test('a row with one statistic becomes a constant: no spread is made up', () => {
  const row = regionRtt({ provider: 'Azure', from: 'East US', to: 'Australia East' })!;
  expect(oneWayLatency(row)).toEqual({ type: 'constant', delayUs: 100_500 });
});
