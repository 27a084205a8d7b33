import fc from 'fast-check';
import { compileCharts } from '../engine/statecharts/chart.ts';

/**
 * One seed for every property, so that a run can be repeated and a failure is not a matter of luck. Another one is
 * `FC_SEED=… npm test`; a failure prints the seed and the path that it was found with.
 */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20261123) });

// What a page runs is interpreted; that both are one is the property of every chart.
compileCharts();
