/** Consensus as people write it in a scenario. */
import * as z from 'zod/mini';
import { id, positiveCount, positiveDelayMs, positiveMs } from '../../scenario/fields.ts';

export const consensusSchema = z.strictObject({
  type: z.literal('consensus'),
  leader: z.optional(id.check(z.describe('Who leads when the run begins; without it, the first node'))),
  electionTimeoutMs: z._default(
    positiveDelayMs.check(
      z.describe('The least time without word of a leader after which a server seeks to be elected'),
    ),
    1000,
  ),
  electionTimeoutMsMax: z.optional(
    positiveDelayMs.check(
      z.describe('The most of it: each wait is drawn between the two. Without it, twice the least'),
    ),
  ),
  heartbeatMs: z._default(positiveMs.check(z.describe('How often a leader says that it is there')), 100),
  preVote: z._default(
    z
      .boolean()
      .check(
        z.describe('Whether a server asks if it could win before it opens a new term and so ends the old'),
      ),
    true,
  ),
  checkQuorum: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether a leader that no majority has answered for electionTimeoutMs steps down, and nobody votes so soon after word of a leader',
        ),
      ),
    true,
  ),
  acknowledgement: z._default(
    z
      .enum(['majority', 'leader'])
      .check(
        z.describe(
          'When a write is answered: once a majority has it on disk, or as soon as the leader has, who may have to take it back',
        ),
      ),
    'majority',
  ),
  reads: z._default(
    z
      .enum(['log', 'read-index', 'lease', 'local'])
      .check(
        z.describe(
          'How a read is kept from being of the past: as an entry of the log; by a majority’s answer to a heartbeat sent after it came; by such an answer of lately; not at all',
        ),
      ),
    'read-index',
  ),
  readFrom: z.optional(
    z
      .enum(['leader', 'followers', 'nearest'])
      .check(z.describe('Where clients read; followers only where reads are local. Without it, the leader')),
  ),
  snapshots: z.prefault(
    z.strictObject({
      entries: z._default(
        positiveCount(1e9).check(
          z.describe(
            'How many entries after its last snapshot a server takes the next, and lets go of the log before it (etcd: snapshot-count)',
          ),
        ),
        10_000,
      ),
      keptEntries: z._default(
        z
          .int()
          .check(
            z.gte(0),
            z.lte(1e9),
            z.describe('How many entries before a snapshot stay, for followers that are merely slow'),
          ),
        5000,
      ),
      dataBytes: z._default(
        positiveCount(1e12).check(z.describe('What a follower is sent that lacks what is gone')),
        100_000_000,
      ),
      bytesPerSecond: z._default(
        positiveCount(1e12).check(z.describe('How fast a leader sends it')),
        100_000_000,
      ),
    }),
    {},
  ),
  clockDriftPpm: z._default(
    z
      .number()
      .check(
        z.gte(0),
        z.lte(100_000),
        z.describe('How far clocks may drift, which shortens leases; no clock is held to it'),
      ),
    1000,
  ),
});

export type ConsensusSource = z.input<typeof consensusSchema>;
export type ConsensusDocument = z.output<typeof consensusSchema>;
