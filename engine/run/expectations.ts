import { valueAt } from '../scenario/problems.ts';
import type { Expectation } from '../scenario/schema.ts';
import type { ExpectationResult, Report } from './report.ts';

/** Holds what was expected against what was measured. */
export function judgeExpectations(expectations: readonly Expectation[], report: Report): ExpectationResult[] {
  return expectations.map((expectation) => {
    if ('verdict' in expectation) {
      const verdict = report.verdicts.find(({ name }) => name === expectation.verdict);
      const measured = verdict === undefined ? 'no such verdict' : `${verdict.result} (${verdict.count})`;
      return {
        expectation: `${expectation.verdict} is ${expectation.result}`,
        met: verdict?.result === expectation.result,
        measured,
      };
    }
    return judgeMetric(expectation, report);
  });
}

type MetricExpectation = Extract<Expectation, { metric: string }>;

/** Holds one figure, by its path into what was measured, against its bounds. */
export function judgeMetric(
  { metric, atLeast, atMost }: MetricExpectation,
  measured: object,
): ExpectationResult {
  const value = valueAt(measured, metric.split('.'));
  const bounds = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ];
  return {
    expectation: `${metric} is ${bounds.join(' and ')}`,
    met: typeof value === 'number' && value >= (atLeast ?? value) && value <= (atMost ?? value),
    measured: typeof value === 'number' ? String(value) : 'no number there',
  };
}
