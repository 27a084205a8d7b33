/** Multi-leader replication's settings as people write them in a scenario. Times are in milliseconds. */
import * as z from 'zod/mini';
import { id, positiveCount, positiveMs, probability } from '../../scenario/fields.ts';
import { parentRules, uniqueRules } from './constraints.ts';
import { columnsMost } from './messages.ts';
import { namedResolvers } from './resolvers.ts';

const resolver = z.union([
  z.enum(namedResolvers),
  z.strictObject({
    merge: id.check(
      z.describe('A function of the application’s own, by the name that it is registered by (registerMerge)'),
    ),
  }),
]);

/** What holds for the rows of a table. */
const tableFields = {
  detect: z.optional(
    z
      .enum(['row', 'column'])
      .check(
        z.describe(
          'What two writes have to share to be in conflict: the row, or a column of it; without it, the row',
        ),
      ),
  ),
  columns: z.optional(
    z
      .union([
        positiveCount(columnsMost),
        z
          .array(
            z.union([
              id,
              z.strictObject({
                id,
                resolve: z.optional(resolver.check(z.describe('Without it, that of the table'))),
              }),
            ]),
          )
          .check(z.minLength(1), z.maxLength(columnsMost)),
      ])
      .check(
        z.describe(
          'Columns of a row: how many, or which. A write sets one of them at random, unless its client group says which (workload.clients[].columns); one that makes a row sets all. Without it, one',
        ),
      ),
  ),
  resolve: z.optional(
    z
      .union([resolver, z.array(resolver).check(z.minLength(1), z.maxLength(columnsMost))])
      .check(
        z.describe(
          'What becomes of writes in conflict: the newest stamp wins (last-writer); the oldest (first-writer); both are kept for the application (keep-both); it keeps the greatest (max), all items of both (union) or both changes (sum); whatever comes last is applied (arrival-order); or by the defaults of EDB Postgres Distributed (pgd). Or the column holds a conflict-free replicated type: a counter (g-counter, pn-counter), a set of items of which additions or removals win (add-wins-set, remove-wins-set), or a register (lww-register, mv-register). Or a function of your own merges what comes into what is there ({ merge: name }). One for all columns, or a list of one each; without it, last-writer',
        ),
      ),
  ),
  deletes: z.optional(
    probability.check(
      z.describe(
        'Share of the writes to rows that are there which delete them; with union or a set, which take an item out; with pn-counter, which count down',
      ),
    ),
  ),
  account: z.optional(
    z
      .strictObject({
        opening: z._default(
          z.int().check(z.gte(0), z.lte(1_000_000), z.describe('The balance that every row begins with')),
          0,
        ),
        withdrawal: positiveCount(1_000_000).check(
          z.describe(
            'What each write takes away; a leader at which that would leave less than nothing refuses it',
          ),
        ),
      })
      .check(z.describe('With sum or pn-counter: rows are accounts, and writes are withdrawals')),
  ),
  unique: z.optional(
    z
      .strictObject({
        column: z.optional(
          z
            .union([id, z.int().check(z.gte(0), z.lte(columnsMost - 1))])
            .check(z.describe('By name, or counted from 0; without it, the first')),
        ),
        values: positiveCount(1_000_000).check(
          z.describe('How many values there are; a write sets one of them'),
        ),
        resolve: z._default(
          z
            .enum(uniqueRules)
            .check(
              z.describe(
                'What becomes of a row whose value another was given later, at another leader: it is not shown (reject), shown under another name (rename), or shown beside the other (keep)',
              ),
            ),
          'reject',
        ),
      })
      .check(
        z.describe(
          'A column of which no two rows may have one value: leaders refuse what breaks that among the rows they know',
        ),
      ),
  ),
};

/** Tables that one run may have. */
const tablesMost = 16;

export const multiLeaderSchema = z.strictObject({
  type: z.literal('multi-leader'),
  exchange: z._default(
    z
      .union([
        z.enum(['all-to-all', 'ring']),
        z.strictObject({ star: id.check(z.describe('The hub, through which every change goes')) }),
        z.strictObject({
          edges: z
            .array(
              z.strictObject({
                from: id,
                to: id,
                oneWay: z._default(
                  z.boolean().check(z.describe('Whether changes go only this way; otherwise both')),
                  false,
                ),
              }),
            )
            .check(z.minLength(1), z.maxLength(930), z.describe('Who sends changes to whom')),
        }),
      ])
      .check(
        z.describe(
          'Who sends changes to whom: every leader its own to every other; each leader to the next, in the order of cluster.nodes; through a hub; or along given edges. All but the first pass on what they are sent',
        ),
      ),
    'all-to-all',
  ),
  reconfigureAfterMs: z.optional(
    positiveMs.check(
      z.describe(
        'But all to all: how long a leader may be cut off before it is gone around: in a star there is another hub, the next in the order of cluster.nodes; elsewhere whoever sent to it sends to whom it sent to; without it, for ever',
      ),
    ),
  ),
  causal: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether a change waits for those its author had seen; otherwise changes of different leaders apply as they come',
        ),
      ),
    false,
  ),
  ...tableFields,
  tables: z.optional(
    z
      .array(
        z.strictObject({
          id,
          rows: z.optional(positiveCount(1_000_000).check(z.describe('Without it, workload.keys.count'))),
          ...tableFields,
          parent: z.optional(
            z
              .strictObject({
                table: id.check(
                  z.describe('Its row k refers to the row of that table that is k modulo their number'),
                ),
                resolve: z._default(
                  z
                    .enum(parentRules)
                    .check(
                      z.describe(
                        'What becomes of a row that refers to one that another leader has deleted meanwhile: it stays (keep-orphan), the deleted one shows again (restore-parent), or neither shows (drop-child)',
                      ),
                    ),
                  'keep-orphan',
                ),
              })
              .check(
                z.describe(
                  'Whose rows its rows refer to: leaders make no row that refers to none they know, and delete none that is referred to',
                ),
              ),
          ),
        }),
      )
      .check(
        z.minLength(1),
        z.maxLength(tablesMost),
        z.describe(
          'Tables, each with rows of its own; what one does not say holds as the topology says it. Without it, all rows are of one table',
        ),
      ),
  ),
  ships: z._default(
    z
      .enum(['deltas', 'states'])
      .check(
        z.describe(
          'What a write to a column of a conflict-free replicated type carries to other leaders: what it has changed, or the whole state',
        ),
      ),
    'deltas',
  ),
  lastColumnLater: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether tables lack their last column at first, and applications do not write it: it comes, and goes, by change-schema. Of one table of several columns',
        ),
      ),
    false,
  ),
  stamps: z._default(
    z
      .enum(['clock', 'hybrid', 'revision'])
      .check(
        z.describe(
          'Whether a write’s stamp is its leader’s clock, a hybrid logical clock, which is never behind what the leader has seen, or with keep-both a revision, one more than that of the version it replaces: of versions side by side the one with the most edits behind it is shown, as in CouchDB',
        ),
      ),
    'clock',
  ),
  identifiers: z.optional(
    z
      .enum(['auto-increment', 'offset-step'])
      .check(
        z.describe(
          'Writes make rows whose key their leader chooses: one more than the greatest it knows (auto-increment), or in steps of the number of leaders, each from its own (offset-step); without it, clients say which row',
        ),
      ),
  ),
  confirmedBy: z._default(
    z
      .int()
      .check(
        z.gte(0),
        z.lte(30),
        z.describe(
          'How many other leaders must have a write on disk before it is acknowledged; with 0 its own disk is enough',
        ),
      ),
    0,
  ),
  standbys: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether clients ask only the first leader of their region while it answers, so that the region’s others stand by; otherwise they ask each in turn',
        ),
      ),
    false,
  ),
  followers: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether the first node of a region leads and the region’s others follow it: they get all that it has, serve reads of their region, and refuse writes until an operator promotes them. Leaders then send to all leaders, and each to its followers',
        ),
      ),
    false,
  ),
  silenceMs: z._default(
    positiveMs.check(
      z.describe('How long a leader waits for word of what it has sent before it asks what the other has'),
    ),
    1000,
  ),
  retryMs: z._default(
    positiveMs.check(
      z.describe(
        'How long it waits for the answer before it holds the other for cut off, and how often it asks again',
      ),
    ),
    1000,
  ),
});

export type MultiLeaderDocument = z.output<typeof multiLeaderSchema>;
export type TableDocument = NonNullable<MultiLeaderDocument['tables']>[number];
