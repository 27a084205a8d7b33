import { expect, test } from 'vitest';
import { anyOf } from '../topologies/leader-follower/acknowledgement.ts';
import { newReplica, type Replica, unfenced } from '../topologies/leader-follower/replica.ts';
import { append, dropLast, recycle } from '../topologies/wal.ts';
import { LostWrites } from './lost-writes.ts';

const settings = {
  replicas: 2,
  clients: [],
  replay: null,
  retention: { slots: true, keepBytes: 0, slotsMaxBytes: 0, baseBackupUs: 0 },
  capacityBytes: 0,
  maxStandbyDelayUs: 1,
  hotStandbyFeedback: false,
  fence: unfenced,
  acknowledgement: anyOf(0, 2),
  reconnectUs: 1,
  keepaliveUs: 1,
  streamTimeoutUs: 1,
  readWaitUs: 0,
};

function pair(): { replicas: Replica[]; verdict: LostWrites } {
  const replicas = [0, 1].map((self) => newReplica(settings, self, 0, 4));
  const verdict = new LostWrites(replicas, ['a', 'b']);
  verdict.leading(0, 1);
  return { replicas, verdict };
}

const everybody = () => true;

function write(replica: Replica, term: number, value: number): void {
  append(replica.wal, term, 0, value, 10, -1, 0, value * 1000);
}

test('a record held by a live replica is not lost, whoever else lost it', () => {
  const { replicas, verdict } = pair();
  for (const replica of replicas) write(replica, 1, 7);
  verdict.acknowledged(5000, 1, 1, 7, 0);
  expect(verdict.verdict((node) => node === 1)).toMatchObject({ result: 'ok', count: 0, witness: null });
});

test('the only log that holds it is down: lost until it comes back', () => {
  const { replicas, verdict } = pair();
  write(replicas[0]!, 1, 7);
  verdict.acknowledged(5000, 1, 1, 7, 0);
  expect(verdict.verdict((node) => node === 1)).toMatchObject({ result: 'violation', count: 1 });
  expect(verdict.verdict(everybody)).toMatchObject({ result: 'ok', count: 0 });
});

test('discarded by the leader that acknowledged it: lost, and the witness says where and when', () => {
  const { replicas, verdict } = pair();
  write(replicas[0]!, 1, 7);
  verdict.acknowledged(5000, 1, 1, 7, 0);
  verdict.discarded(9000, 0, 1);
  dropLast(replicas[0]!.wal);
  expect(verdict.verdict(everybody)).toEqual({
    name: 'lost-writes',
    result: 'violation',
    count: 1,
    witness: {
      atMs: 7,
      story: [
        'at 7 ms the leader a wrote record 1 of term 1 (key 0, write number 7)',
        'its client had the acknowledgement',
        'the record was discarded by a at 9 ms',
        'after the drain no live replica holds it, nor anything written with knowledge of it',
      ],
      operations: [7],
    },
  });
});

test('an unacknowledged record may be discarded', () => {
  const { replicas, verdict } = pair();
  write(replicas[0]!, 1, 7);
  verdict.discarded(9000, 0, 1);
  dropLast(replicas[0]!.wal);
  expect(verdict.verdict(everybody).count).toBe(0);
});

test('an acknowledgement that arrives after the record was replaced is a lost write', () => {
  const { replicas, verdict } = pair();
  // The record of term 1 has made way for one of term 2, which every disk holds and the log has recycled since.
  for (const replica of replicas) {
    write(replica, 2, 8);
    recycle(replica.wal, 1);
  }
  verdict.acknowledged(5000, 1, 1, 7, 0);
  expect(verdict.verdict(everybody)).toMatchObject({ result: 'violation', count: 1 });
});

test('an acknowledgement that arrives after its record was recycled is none', () => {
  const { replicas, verdict } = pair();
  for (const replica of replicas) {
    write(replica, 1, 7);
    recycle(replica.wal, 1);
  }
  verdict.acknowledged(5000, 1, 1, 7, 0);
  expect(verdict.verdict((node) => node === 1)).toMatchObject({ result: 'ok', count: 0 });
});
