/** Certification-based replication as people write it in a scenario. Times are in milliseconds. */
import * as z from 'zod/mini';
import { id, positiveDelayMs, positiveMs } from '../../scenario/fields.ts';
import { consensusSchema } from '../consensus/schema.ts';

export const certificationSchema = z.strictObject({
  type: z.literal('certification'),
  primaries: z._default(
    z
      .enum(['all', 'one'])
      .check(
        z.describe(
          'Whether every member takes writes, or only the one that puts them in order (MySQL: single-primary mode)',
        ),
      ),
    'all',
  ),
  orderedBy: z.optional(
    id.check(z.describe('Who puts writes in order when the run begins; without it, the first node')),
  ),
  reads: z._default(
    z
      .enum(['eventual', 'before', 'before-on-primary-failover'])
      .check(
        z.describe(
          'Whether a read is answered at once with what its member has applied; waits for its own place in the order and all before it (MySQL: BEFORE, Galera: wsrep_sync_wait); or waits, as writes do, only at a new primary until that has applied what the last one left',
        ),
      ),
    'eventual',
  ),
  readFrom: z.optional(
    z
      .enum(['leader', 'followers', 'nearest'])
      .check(z.describe('With primaries: one, where clients read; without it, the nearest member')),
  ),
  refuseAfterMs: z.optional(
    positiveMs.check(
      z.describe(
        'How long a member that reaches no majority lets operations wait before it refuses all, reads too; without it, writes wait for ever and reads are answered',
      ),
    ),
  ),
  retryMs: z._default(
    positiveMs.check(
      z.describe(
        'How long a member waits for the verdict on a write before it asks for a place in the order again',
      ),
    ),
    2000,
  ),
  electionTimeoutMs: z._default(
    positiveDelayMs.check(
      z.describe(
        'The least time without word of who puts writes in order after which a member seeks to be elected to do so',
      ),
    ),
    5000,
  ),
  electionTimeoutMsMax: z.optional(
    positiveDelayMs.check(
      z.describe('The most of it: each wait is drawn between the two. Without it, twice the least'),
    ),
  ),
  heartbeatMs: z._default(
    positiveMs.check(z.describe('How often whoever puts writes in order says that it is there')),
    500,
  ),
  snapshots: consensusSchema.shape.snapshots,
});

export type CertificationDocument = z.output<typeof certificationSchema>;
