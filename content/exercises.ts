/** Break-it exercises: a healthy cluster, what the reader is to bring about in it, and how few faults do. A test computes the par. */
import type { VerdictName } from '#engine';

export interface Exercise {
  readonly id: string;
  /** A bundled scenario; by itself it is not so violated. */
  readonly scenario: string;
  readonly violates: VerdictName;
  /** The fewest faults of a lab's buttons that a search found; to restart, resume or heal counts for nothing. */
  readonly par: number;
  readonly asks: string;
  /** What the lab counts of it. */
  readonly counts: string;
  readonly atMs: number;
  readonly speed: 0.1 | 0.2 | 0.5 | 1;
}

export const exercises: readonly Exercise[] = [
  {
    id: 'lose-a-write',
    scenario: 'one-leader-lab',
    violates: 'lost-writes',
    par: 1,
    asks: 'Make this cluster lose a write that it acknowledged.',
    counts: 'acknowledged writes lost',
    atMs: 5000,
    speed: 0.2,
  },
  {
    id: 'replicas-that-differ',
    scenario: 'lww-clock-skew',
    violates: 'divergence',
    par: 1,
    asks: 'Two of three confirm each write. Leave replicas alive that differ in the end.',
    counts: 'keys on which they differ in the end',
    atMs: 2000,
    speed: 0.1,
  },
  {
    id: 'break-the-ring',
    scenario: 'ring-of-four',
    violates: 'divergence',
    par: 1,
    asks: 'Changes go round a ring. Leave leaders alive that differ for good.',
    counts: 'keys on which those that live differ in the end',
    atMs: 1000,
    speed: 0.1,
  },
  {
    id: 'all-to-all-apart',
    scenario: 'three-all-to-all',
    violates: 'divergence',
    par: 2,
    asks: 'Everybody tells everybody. Leave two leaders alive that differ for good.',
    counts: 'keys on which those that live differ in the end',
    atMs: 1000,
    speed: 0.1,
  },
];
