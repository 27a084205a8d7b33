/** Leader-follower as people write it in a scenario. */
import * as z from 'zod/mini';
import { id, positiveMs } from '../../scenario/fields.ts';

export const leaderFollowerSchema = z.strictObject({
  type: z.literal('leader-follower'),
  leader: z.optional(id.check(z.describe('The first leader; without it, the first node'))),
  acknowledgement: z._default(
    z
      .enum(['asynchronous', 'semi-synchronous', 'synchronous'])
      .check(
        z.describe(
          'Whom a write waits for besides the leader’s own disk: nobody, any one follower’s disk, every follower’s disk',
        ),
      ),
    'asynchronous',
  ),
  reads: z._default(
    z
      .enum(['leader', 'followers', 'nearest'])
      .check(z.describe('Where clients read: nearest counts every live replica, the leader too')),
    'leader',
  ),
  failover: z.prefault(
    z.strictObject({
      automatic: z._default(z.boolean(), true),
      region: z.optional(
        id.check(z.describe('Where the failover manager runs; without it, the first region')),
      ),
      heartbeatMs: z._default(positiveMs.check(z.describe('How often the manager asks each replica')), 1000),
      timeoutMs: z._default(
        positiveMs.check(z.describe('Silence after which the leader counts as dead')),
        10_000,
      ),
      electionMs: z._default(
        positiveMs.check(z.describe('How long to wait for the followers’ positions')),
        1000,
      ),
    }),
    {},
  ),
  reconnectMs: z._default(
    positiveMs.check(z.describe('How often a follower without a stream asks for one')),
    1000,
  ),
  keepaliveMs: z._default(
    positiveMs.check(z.describe('How often a leader with nothing to send says so')),
    1000,
  ),
  streamTimeoutMs: z._default(
    positiveMs.check(z.describe('Silence after which either end gives up a stream')),
    60_000,
  ),
});

export type LeaderFollowerDocument = z.output<typeof leaderFollowerSchema>;
export type LeaderFollowerSource = z.input<typeof leaderFollowerSchema>;
