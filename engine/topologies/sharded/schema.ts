/** A sharded topology as people write it in a scenario: any other topology, once for each part of the keys. */
import * as z from 'zod/mini';
import { id, positiveCount } from '../../scenario/fields.ts';
import { certificationSchema } from '../certification/schema.ts';
import { consensusSchema } from '../consensus/schema.ts';
import { leaderFollowerSchema } from '../leader-follower/schema.ts';
import { leaderlessSchema } from '../leaderless/schema.ts';

export const shardedSchema = z.strictObject({
  type: z.literal('sharded'),
  shards: positiveCount(64).check(
    z.describe('How many parts the keys are split into; key k is in part k modulo it'),
  ),
  replicas: z.optional(
    positiveCount(9).check(
      z.describe(
        'Replicas of each shard, in as many regions as there are; without it, 3, or every node where fewer',
      ),
    ),
  ),
  leaderRegions: z.optional(
    z
      .array(id)
      .check(
        z.minLength(1),
        z.maxLength(64),
        z.describe('Regions that shard after shard is led from, in turns; without it, nodes take turns'),
      ),
  ),
  of: z.discriminatedUnion('type', [
    leaderFollowerSchema,
    consensusSchema,
    certificationSchema,
    leaderlessSchema,
  ]),
});

export type ShardedDocument = z.output<typeof shardedSchema>;
