/**
 * Changes of a table, one leader at a time: nobody tells the others of them. A change that sets a column which a leader's table
 * lacks cannot be applied there, so what its sender sends waits (`UNFIT`). A column that no application writes is in nobody's
 * way: so it is added everywhere before anybody writes it, and dropped only when nobody does any more.
 *
 * Source: https://www.enterprisedb.com/docs/pgd/latest/reference/conflict-management/, `target_column_missing`, of which the
 * default is to ignore a column that is null.
 */

import type { Input, Out } from '../../kernel/protocol.ts';
import type { Leader } from './leader.ts';
import {
  ACT_ADD,
  ACT_DROP,
  ACT_STOP_WRITING,
  ACT_WRITE,
  DELETE,
  kindIn,
  NOTE_SCHEMA,
  type SchemaAct,
  shapeIn,
} from './messages.ts';

/** Whether a change sets a column that the table here lacks. */
export function isUnfit({ settings, lacks }: Leader, what: number): boolean {
  return kindIn(what) !== DELETE && (settings.columnsOfShape[shapeIn(what)]! & lacks) !== 0;
}

/** OPERATOR: what is done about the later column. */
export function changeSchema(node: Leader, { a: act }: Input, out: Out): void {
  const { laterColumn } = node.settings;
  switch (act) {
    case ACT_ADD:
      node.lacks = 0;
      break;
    case ACT_DROP:
      node.lacks = laterColumn;
      break;
    case ACT_WRITE:
      node.leavesOut = 0;
      break;
    case ACT_STOP_WRITING:
      node.leavesOut = laterColumn;
      break;
  }
  out.note(NOTE_SCHEMA, act, 0, 0, 0);
}

/** Why it cannot be done at this leader, in words; null where it can. */
export function whyNotSchema({ lacks, leavesOut }: Leader, name: string, does: SchemaAct): string | null {
  switch (does) {
    case 'add':
      return lacks === 0 ? `the table at ${name} has the column` : null;
    case 'drop':
      return lacks === 0 ? null : `the table at ${name} lacks the column`;
    case 'write':
      return leavesOut === 0 ? `the application at ${name} writes the column` : null;
    case 'stop-writing':
      return leavesOut === 0 ? null : `the application at ${name} does not write the column`;
  }
}
