/** Published numbers of Raft's elections, and how far a measurement may lie from one. */

/**
 * Servers, how many of them are down, one-way latency as a share of the timeouts' range, chance of a split vote.
 * Source: the closed form of Ongaro's dissertation, chapter 9, https://github.com/ongardie/dissertation.
 */
export const splitVotes: readonly (readonly [
  servers: number,
  failed: number,
  latency: number,
  chance: number,
])[] = [
  [3, 0, 0.01, 0.000298],
  [3, 0, 0.05, 0.00725],
  [3, 0, 0.1, 0.028],
  [3, 0, 0.15, 0.06075],
  [3, 0, 0.2, 0.104],
  [3, 0, 0.3, 0.216],
  [3, 0, 0.5, 0.5],
  [3, 1, 0.01, 0.0199],
  [3, 1, 0.05, 0.0975],
  [3, 1, 0.1, 0.19],
  [3, 1, 0.15, 0.2775],
  [3, 1, 0.2, 0.36],
  [3, 1, 0.3, 0.51],
  [3, 1, 0.5, 0.75],
  [5, 0, 0.01, 0.00001],
  [5, 0, 0.05, 0.001158],
  [5, 0, 0.1, 0.00856],
  [5, 0, 0.15, 0.026612],
  [5, 0, 0.2, 0.05792],
  [5, 0, 0.3, 0.16308],
  [5, 0, 0.5, 0.5],
  [5, 1, 0.01, 0.000592],
  [5, 1, 0.05, 0.014019],
  [5, 1, 0.1, 0.0523],
  [5, 1, 0.15, 0.109519],
  [5, 1, 0.2, 0.1808],
  [5, 1, 0.3, 0.3483],
  [5, 1, 0.5, 0.6875],
  [5, 2, 0.01, 0.029701],
  [5, 2, 0.05, 0.142625],
  [5, 2, 0.1, 0.271],
  [5, 2, 0.15, 0.385875],
  [5, 2, 0.2, 0.488],
  [5, 2, 0.3, 0.657],
  [5, 2, 0.5, 0.875],
];

/**
 * AvailSim, five servers, one-way 30 to 40 ms, timeouts 300 to 600 ms: how many are down, mean election time in ms, the
 * tolerated share beside it. Source: the same chapter, figures of the WAN simulation.
 */
export const availSimMeans = [
  [0, 429.9, 0.02],
  [1, 468.6, 0.02],
  [2, 631.6, 0.04],
] as const;

/**
 * Time without a leader on LogCabin's LAN: five servers, a leader that dies within a heartbeat interval of half the least
 * timeout, logs of different lengths; greatest timeout above 150 ms, and the median in ms. Source: the same chapter,
 * figure of timeout randomness, read from its curves; equal to figure 16 of the Raft paper. The broadcast time of 15 ms is
 * given there, its parts are not: 2.5 ms each way and 5 ms to write a vote are ours.
 */
export const downtimeMedians = [
  [175, 141.0],
  [200, 146.5],
  [300, 171.3],
] as const;

/** P(X ≤ hits) and P(X ≥ hits) of a binomial X: an exact test of a measured rate. */
export function binomialTails(
  runs: number,
  chance: number,
  hits: number,
): { atMost: number; atLeast: number } {
  const logChoose = (k: number): number => logFactorial(runs) - logFactorial(k) - logFactorial(runs - k);
  const mass = (k: number): number =>
    Math.exp(logChoose(k) + k * Math.log(chance) + (runs - k) * Math.log1p(-chance));
  let atMost = 0;
  let atLeast = 0;
  for (let k = 0; k <= runs; k++) {
    if (k <= hits) atMost += mass(k);
    if (k >= hits) atLeast += mass(k);
  }
  return { atMost, atLeast };
}

const logFactorials = [0];

function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++) logFactorials[k] = logFactorials[k - 1]! + Math.log(k);
  return logFactorials[n]!;
}
