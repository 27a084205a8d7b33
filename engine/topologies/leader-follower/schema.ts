/** Leader-follower as people write it in a scenario. */
import * as z from 'zod/mini';
import { id, positiveCount, positiveMs, timeMs } from '../../scenario/fields.ts';

const acknowledgementStyles = [
  z.strictObject({
    style: z.literal('postgresql'),
    level: z._default(
      z
        .enum(['off', 'local', 'remote_write', 'on', 'remote_apply'])
        .check(
          z.describe(
            'synchronous_commit. off: not even the leader’s disk; local: the leader’s disk; then also the standbys’: remote_write: their operating systems have it, on: their disks, remote_apply: their queries see it',
          ),
        ),
      'on',
    ),
    standbys: z._default(
      z
        .string()
        .check(
          z.describe(
            'synchronous_standby_names: FIRST 2 (b, c), ANY 1 (b, c, d), b, c or *; empty: no standby is synchronous',
          ),
        ),
      '',
    ),
    walWriterDelayMs: z._default(
      positiveMs.check(z.describe('wal_writer_delay: how often the log is flushed under level off')),
      200,
    ),
  }),
  z.strictObject({
    style: z.literal('mysql-semi-sync'),
    waitPoint: z._default(
      z
        .enum(['after-sync', 'after-commit'])
        .check(
          z.describe('Whether others see a write only after its acknowledgement, or already while it waits'),
        ),
      'after-sync',
    ),
    replicas: z._default(
      positiveCount(31).check(z.describe('Replicas whose relay log must have a write')),
      1,
    ),
    timeoutMs: z._default(
      positiveMs.check(
        z.describe('After which the source stops waiting for anybody, until replicas have caught up'),
      ),
      10_000,
    ),
  }),
  z.strictObject({
    style: z.literal('mongodb'),
    w: z._default(
      z
        .union([z.literal('majority'), positiveCount(31)])
        .check(z.describe('Members that must have a write, the primary among them')),
      'majority',
    ),
    journal: z._default(z.boolean().check(z.describe('Whether they must have it on disk')), true),
  }),
  z.strictObject({
    style: z.literal('redis'),
    minReplicasToWrite: z._default(
      z
        .int()
        .check(
          z.gte(0),
          z.lte(31),
          z.describe('Writes are refused while fewer replicas have been heard of lately; 0: never'),
        ),
      0,
    ),
    minReplicasMaxLagMs: z._default(
      positiveMs.check(z.describe('How long ago a replica may have been heard of')),
      10_000,
    ),
    wait: z.optional(
      z.strictObject({
        replicas: positiveCount(31).check(z.describe('WAIT: replicas that must have a write')),
        timeoutMs: z._default(
          timeMs.check(z.describe('After which the client is told that fewer have it; 0: never')),
          0,
        ),
      }),
    ),
  }),
] as const;

const acknowledgement = z.union([
  z.enum(['asynchronous', 'semi-synchronous', 'synchronous']),
  z.discriminatedUnion('style', acknowledgementStyles),
]);
export type AcknowledgementDocument = z.output<typeof acknowledgement>;

const readFrom = z
  .enum(['leader', 'followers', 'nearest'])
  .check(z.describe('nearest counts every live replica, the leader too'));

const readsWithRemedies = z.strictObject({
  from: readFrom,
  balance: z._default(
    z
      .enum(['random', 'round-robin', 'least-outstanding'])
      .check(
        z.describe(
          'How each client group chooses among them: at random, in turn, or the one that owes it the fewest answers',
        ),
      ),
    'random',
  ),
  sticky: z._default(
    z.boolean().check(z.describe('Each user reads from one replica, chosen by a hash, as long as it lives')),
    false,
  ),
  leaderForMs: z.optional(
    positiveMs.check(
      z.describe('For so long after a write’s acknowledgement its user reads from the leader'),
    ),
  ),
  waitForLsnMs: z.optional(
    positiveMs.check(
      z.describe(
        'A read says the newest record its user has written or read; a replica holds it until it shows that, and after so long sends the reader to the leader',
      ),
    ),
  ),
});

export const leaderFollowerSchema = z.strictObject({
  type: z.literal('leader-follower'),
  leader: z.optional(id.check(z.describe('The first leader; without it, the first node'))),
  acknowledgement: z._default(
    acknowledgement.check(
      z.describe(
        'Whom a write waits for besides the leader’s own disk: nobody, any one follower’s disk, every follower’s disk; or as a system says it',
      ),
    ),
    'asynchronous',
  ),
  reads: z._default(
    z
      .union([readFrom, readsWithRemedies])
      .check(z.describe('Where clients read, and what is done for users')),
    'leader',
  ),
  routing: z.prefault(
    z.discriminatedUnion('method', [
      z
        .strictObject({ method: z.literal('manager') })
        .check(z.describe('The failover manager tells clients who leads, and they ask whom it names')),
      z
        .strictObject({
          method: z.literal('dns'),
          ttlMs: z._default(positiveMs.check(z.describe('How long an answer is kept')), 60_000),
        })
        .check(z.describe('Cached answers: t after a change the share 1 − t/TTL still asks the old leader')),
      z
        .strictObject({
          method: z.literal('vip'),
          takeoverMs: z._default(
            positiveMs.check(z.describe('How long the address takes to move to the new leader')),
            1000,
          ),
        })
        .check(z.describe('One address, which moves')),
      z
        .strictObject({
          method: z.literal('proxy'),
          checkMs: z._default(positiveMs.check(z.describe('How often it looks who leads')), 2000),
          hopMs: z._default(timeMs.check(z.describe('What it adds to each way')), 0.25),
        })
        .check(z.describe('A proxy that looks who leads now and then, and is one hop more')),
    ]),
    { method: 'manager' },
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
      detector: z.prefault(
        z.discriminatedUnion('type', [
          z
            .strictObject({ type: z.literal('fixed') })
            .check(z.describe('The leader counts as dead after timeoutMs of silence')),
          z
            .strictObject({
              type: z.literal('phi'),
              threshold: z._default(
                z
                  .number()
                  .check(
                    z.gt(0),
                    z.lte(15),
                    z.describe('Suspicion at which it counts as dead: 8 is a chance of 10⁻⁸ of being wrong'),
                  ),
                8,
              ),
              window: z._default(
                z
                  .int()
                  .check(
                    z.gte(5),
                    z.lte(10_000),
                    z.describe('How many of the last signs of life it goes by'),
                  ),
                1000,
              ),
              minDeviationMs: z._default(
                positiveMs.check(z.describe('Signs of life are taken to vary by at least as much')),
                100,
              ),
            })
            .check(z.describe('As regular as the signs of life have been; timeoutMs until there are five')),
        ]),
        { type: 'fixed' },
      ),
      leaderKey: z.optional(
        z
          .strictObject({
            ttlMs: z._default(
              positiveMs.check(z.describe('How long the key is held without a renewal')),
              30_000,
            ),
            loopWaitMs: z._default(
              positiveMs.check(z.describe('How often the leader renews it, and others look at it')),
              10_000,
            ),
            retryTimeoutMs: z._default(
              positiveMs.check(z.describe('How long after a loop a leader that cannot renew it goes on')),
              10_000,
            ),
            raceMs: z._default(
              positiveMs.check(z.describe('How long a replica waits to hear how far the others are')),
              500,
            ),
            maximumLagBytes: z._default(
              z
                .int()
                .check(
                  z.gte(0),
                  z.lte(1_000_000_000_000),
                  z.describe(
                    'Who lags further behind where the leader was last seen does not run for the key',
                  ),
                ),
              1_048_576,
            ),
          })
          .check(
            z.describe(
              'A key in a lease store says who leads, instead of a manager; each replica has an agent that renews or claims it',
            ),
          ),
      ),
      observers: z.optional(
        z
          .array(z.strictObject({ id: z.optional(id), region: id }))
          .check(
            z.minLength(2),
            z.maxLength(15),
            z.describe(
              'Several observers instead of one manager: enough of them must agree that the leader is down, and one needs the votes of most to fail over',
            ),
          ),
      ),
      quorum: z.optional(
        z
          .int()
          .check(
            z.gte(1),
            z.lte(15),
            z.describe('How many observers must agree that the leader is down; without it, most of them'),
          ),
      ),
      campaignMs: z._default(
        positiveMs.check(z.describe('How long an observer waits for votes, and for whom it has voted for')),
        5000,
      ),
      fencing: z._default(
        z
          .enum(['none', 'token', 'stonith', 'lease'])
          .check(
            z.describe(
              'What stops a leader that does not know it was superseded. none: nothing but that followers take nothing from it any more; token: shared storage, where every write must land, refuses a token older than one it has seen; stonith: its machine is powered off before anybody is promoted; lease: it acknowledges only while a majority has promised it support',
            ),
          ),
        'none',
      ),
      fencingRegion: z.optional(
        id.check(
          z.describe('Where the shared storage or the fencing device is; without it, with the manager'),
        ),
      ),
      powerOffMs: z._default(
        positiveMs.check(z.describe('How long it takes until a machine is off for sure')),
        5000,
      ),
      leaseMs: z._default(
        positiveMs.check(z.describe('How long a lease lasts, on the leader’s clock')),
        5000,
      ),
      leaseRenewMs: z._default(
        positiveMs.check(z.describe('How often a leader asks for its lease anew')),
        1000,
      ),
      driftBoundPpm: z._default(
        z
          .number()
          .check(
            z.gte(0),
            z.lte(500_000),
            z.describe('By how much a clock may be off, in µs a second, for leases to hold'),
          ),
        200,
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
  slots: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether the leader keeps its log for a follower that is away, however long (replication slots); without them it keeps the last 16 MB and walKeepBytes',
        ),
      ),
    true,
  ),
  walKeepBytes: z._default(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(1e15),
        z.describe('wal_keep_size: log kept beside the last 16 MB, without slots'),
      ),
    0,
  ),
  maxSlotWalKeepBytes: z._default(
    z.union([
      positiveCount(1e15).check(
        z.describe(
          'max_slot_wal_keep_size: no more is kept for any slot; whoever needs it starts again from a copy',
        ),
      ),
      z.literal('unlimited'),
    ]),
    'unlimited',
  ),
  baseBackup: z.prefault(
    z.strictObject({
      dataBytes: z._default(
        positiveCount(1e15).check(z.describe('What a follower copies that starts again')),
        1_000_000_000,
      ),
      bytesPerSecond: z._default(
        positiveCount(1e12).check(z.describe('What network and disks give the copy')),
        100_000_000,
      ),
    }),
    {},
  ),
  maxStandbyStreamingDelayMs: z._default(
    z.union([
      timeMs.check(
        z.describe(
          'How long replay waits for a query on the follower that conflicts with it, then cancels it',
        ),
      ),
      z.literal('forever'),
    ]),
    30_000,
  ),
  hotStandbyFeedback: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether followers tell the leader what their queries see, so that it keeps those rows: no cleanup conflicts, but dead rows',
        ),
      ),
    false,
  ),
  streamTimeoutMs: z._default(
    positiveMs.check(z.describe('Silence after which either end gives up a stream')),
    60_000,
  ),
});

export type LeaderFollowerDocument = z.output<typeof leaderFollowerSchema>;
export type LeaderFollowerSource = z.input<typeof leaderFollowerSchema>;
