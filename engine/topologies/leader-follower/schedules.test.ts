/** Bad schedules, step by step: late and double messages, crashes between two steps, fsyncs that end too late. */

import { describe, expect, test } from 'vitest';
import { ByHand, cluster } from './by-hand.test-support.ts';
import {
  APPEND,
  ASK,
  CONFIRM,
  HELLO,
  KEEPALIVE,
  NOTE_DISCARDED,
  POINT,
  POSITION,
  PROBE,
  PROMOTE,
  STREAM,
} from './messages.ts';

const flushed = (hand: ByHand): number[] => hand.replicas.map(({ flushedLsn }) => flushedLsn);

describe('streaming', () => {
  test('a write waits for as many disks as it must, and no message acknowledges it sooner', () => {
    const hand = cluster(1, 0);
    hand.write(0, 1);
    expect(hand.onTheWay({ kind: APPEND })).toEqual([]);
    hand.flush(0);
    hand.deliver({ kind: APPEND, to: 1 });
    expect(hand.onTheWay({ to: hand.client })).toEqual([]);
    hand.flush(1);
    hand.deliver({ kind: CONFIRM, from: 1 });
    expect(hand.onTheWay({ to: hand.client })).toHaveLength(1);
  });

  test('records that come during an fsync share the next', () => {
    const hand = cluster(0, 0);
    for (const number of [1, 2, 3]) hand.write(0, number);
    hand.flush(0);
    expect(hand.replicas[0]!.flushedLsn).toBe(1);
    hand.flush(0);
    expect(hand.replicas[0]!.flushedLsn).toBe(3);
  });

  test('a lost record is found by the next one', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.flush(0);
    hand.lose({ kind: APPEND, to: 1 });
    hand.write(0, 3);
    hand.settle();
    expect(flushed(hand)).toEqual([3, 3, 3]);
  });

  test('a lost last record is found by a keepalive', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.flush(0);
    hand.lose({ kind: APPEND, to: 1 });
    hand.settle();
    hand.fire(0, 'keepalive');
    hand.settle();
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(flushed(hand)).toEqual([2, 2, 2]);
  });

  test('where asking again does not help, the follower begins anew', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.flush(0);
    hand.lose({ kind: APPEND, to: 1 });
    hand.fire(0, 'keepalive');
    hand.deliver({ kind: KEEPALIVE, to: 1 });
    expect(hand.state(1)).toBe('following.connected.doubting.waiting');
    hand.lose({ kind: STREAM, from: 1 });
    hand.fire(0, 'keepalive');
    hand.settle();
    expect(hand.onTheWay({ kind: STREAM })).toEqual([]);
    hand.fire(1, 'reconnect');
    hand.settle();
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(flushed(hand)).toEqual([2, 2, 2]);
  });

  test('records that come in any order are taken in theirs', () => {
    const hand = cluster(1, 1);
    for (const number of [2, 3, 4, 5, 6]) hand.write(0, number);
    hand.flush(0);
    hand.flush(0);
    for (const lsn of [4, 6, 3, 2, 6, 5]) {
      const [record] = hand.onTheWay({ kind: APPEND, to: 1, c: lsn });
      if (record !== undefined) hand.deliver({ kind: APPEND, to: 1, c: lsn });
    }
    expect(hand.log(1)).toBe('1:1 1:2 1:3 1:4 1:5 1:6');
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(hand.replicas[1]!.early).toEqual([]);
  });

  test('a record that a keepalive overtook is taken when it comes', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.flush(0);
    hand.fire(0, 'keepalive');
    hand.deliver({ kind: KEEPALIVE, to: 1 });
    hand.deliver({ kind: APPEND, to: 1 });
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(hand.onTheWay({ kind: HELLO })).toEqual([]);
  });

  test('a keepalive from before the stream began does not end it', () => {
    const hand = cluster(1, 1);
    hand.crash(1);
    hand.restart(1);
    hand.deliver({ kind: HELLO, from: 1 });
    hand.deliver({ kind: POINT, to: 1 });
    hand.fire(0, 'keepalive');
    hand.deliver({ kind: KEEPALIVE, to: 1, b: -1 });
    hand.settle();
    expect(hand.onTheWay({ kind: HELLO })).toEqual([]);
    hand.write(0, 2);
    hand.settle();
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(flushed(hand)).toEqual([2, 2, 2]);
  });
});

describe('late and double messages', () => {
  test('a record that comes twice is taken once', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.flush(0);
    const record = hand.deliver({ kind: APPEND, to: 1 });
    hand.again(record);
    hand.settle();
    hand.again(record);
    hand.settle();
    expect(hand.log(1)).toBe('1:1 1:2');
    expect(hand.state(1)).toBe('following.connected.receiving');
  });

  test('an answer to an earlier hello discards nothing that has been confirmed since', () => {
    const hand = new ByHand({ replicas: 3, requiredFollowers: 1 });
    hand.deliver({ kind: HELLO, from: 1 });
    const point = hand.deliver({ kind: POINT, to: 1 });
    hand.settle();
    for (const number of [1, 2, 3]) hand.write(0, number);
    hand.settle();
    hand.crash(1);
    hand.restart(1);
    hand.again(point);
    expect(hand.log(1)).toBe('1:1 1:2 1:3');
    hand.settle();
    expect(hand.state(1)).toBe('following.connected.receiving');
    expect(hand.notes.filter(({ kind }) => kind === NOTE_DISCARDED)).toEqual([]);
  });

  test('an answer to the same question of an older log is as good as a new one', () => {
    const hand = cluster(1, 1);
    hand.crash(1);
    hand.restart(1);
    hand.deliver({ kind: HELLO, from: 1 });
    const point = hand.lose({ kind: POINT, to: 1 })[0]!;
    hand.write(0, 2);
    hand.settle();
    hand.again(point);
    hand.settle();
    expect(hand.log(1)).toBe('1:1 1:2');
  });

  test('a late request for a stream brings no recycled records, and the stream goes on', () => {
    const hand = new ByHand({ replicas: 3, requiredFollowers: 1 });
    hand.settle({ kind: STREAM, from: 1 });
    const request = hand.deliver({ kind: STREAM, from: 1 });
    hand.settle();
    for (let number = 1; number <= 20; number++) hand.write(0, number);
    hand.settle();
    hand.fire(0, 'keepalive');
    hand.settle();
    expect(hand.replicas[0]!.wal.firstLsn).toBe(21);
    hand.again(request);
    expect(hand.onTheWay({ kind: APPEND })).toEqual([]);
    hand.write(0, 21);
    hand.settle();
    expect(hand.log(1)).toBe('1:21');
    expect(hand.isAcknowledged(21)).toBe(true);
  });

  test('a position confirmed in an older term does not count in a newer one', () => {
    const hand = cluster(1, 1);
    // 1. Both followers have write 2 on disk; what they say of it stays on the way.
    hand.write(0, 2);
    hand.settle({ kind: CONFIRM });
    const late = hand.lose({ kind: CONFIRM });
    // 2. The leader loses touch, is suspected, and comes back to be chosen again, in term 2.
    hand.elect();
    expect(hand.replicas[0]!.term).toBe(2);
    // 3. It begins write 3 as the old word arrives, twice over.
    hand.write(0, 3);
    hand.flush(0);
    for (const confirm of late) hand.again({ ...confirm, b: 3 });
    expect(hand.replicas[hand.manager.leader]!.replayedLsn).toBe(2);
  });

  test('a question that comes twice does not take a follower from its new leader', () => {
    const hand = cluster(1, 1);
    hand.fire(hand.managerActor, 'leader timeout');
    const question = hand.deliver({ kind: ASK, to: 2 });
    hand.settle();
    hand.again(question);
    hand.settle();
    expect(hand.state(2)).toBe('following.connected.receiving');
    expect(hand.replicas[2]!.leader).toBe(hand.manager.leader);
  });

  test('an order to lead that comes twice promotes once', () => {
    const hand = cluster(1, 1);
    hand.crash(0);
    hand.fire(hand.managerActor, 'leader timeout');
    hand.settle({ kind: PROMOTE });
    const order = hand.deliver({ kind: PROMOTE });
    hand.settle();
    hand.write(order.to, 2);
    hand.settle();
    hand.again(order);
    hand.settle();
    expect(hand.log(order.to)).toBe('1:1 2:2');
    expect(hand.isAcknowledged(2)).toBe(true);
  });
});

describe('divergent tails', () => {
  test('the new leader counts the old one only once its tail is gone', () => {
    const hand = cluster(1, 1);
    const { managerActor } = hand;
    // 1. The leader writes 2; its fsync is under way when replica 1 is promoted in its place.
    hand.write(0, 2);
    hand.fire(managerActor, 'leader timeout');
    hand.lose({ kind: ASK, to: 0 });
    for (const follower of [1, 2]) {
      hand.deliver({ kind: ASK, to: follower });
      hand.deliver({ kind: POSITION, from: follower });
    }
    const leader = hand.deliver({ kind: PROMOTE }).to;
    const other = 3 - leader;
    hand.deliver({ from: leader, to: managerActor });
    // 2. It learns of its successor, and only then its disk is done with write 2.
    hand.deliver({ kind: PROBE, to: 0 });
    hand.flush(0);
    // 3. The successor writes its own record 2. The other follower is cut off.
    hand.write(leader, 20);
    hand.flush(leader);
    hand.lose({ to: other });
    // 4. Whatever the old leader has said by now must not count for that record.
    for (const confirm of hand.onTheWay({ kind: CONFIRM, to: leader })) hand.deliver(confirm);
    expect(hand.isAcknowledged(20) || hand.onTheWay({ to: hand.client }).length > 0).toBe(false);
    hand.settle();
    expect(hand.log(0)).toBe('1:1 2:20');
    expect(hand.isAcknowledged(20)).toBe(true);
  });

  test('a discarded record gives back what it had overwritten', () => {
    const hand = cluster(0, 0);
    hand.write(0, 1, 5);
    hand.settle();
    hand.lose({ kind: APPEND });
    for (const number of [2, 3]) hand.write(0, number, 5);
    hand.write(0, 4, 6);
    hand.settle({ kind: APPEND });
    hand.lose({ kind: APPEND });
    hand.crash(0);
    hand.elect();
    hand.restart(0);
    hand.fire(hand.managerActor, 'heartbeat');
    hand.settle();
    expect([...hand.replicas[0]!.data]).toEqual([...hand.replicas[hand.manager.leader]!.data]);
    expect(hand.notes.filter(({ kind }) => kind === NOTE_DISCARDED)).toHaveLength(3);
  });

  test('a follower is not left ahead of a leader that loses what only its memory held', () => {
    const hand = cluster(0, 1);
    const { managerActor } = hand;
    // 1. Write 2 is on the leader's disk, and in replica 1's memory; replica 1 is promoted for it.
    hand.write(0, 2);
    hand.flush(0);
    hand.deliver({ kind: APPEND, to: 1 });
    hand.crash(0);
    hand.lose({ kind: APPEND });
    hand.fire(managerActor, 'leader timeout');
    for (const follower of [1, 2]) {
      hand.deliver({ kind: ASK, to: follower });
      hand.deliver({ kind: POSITION, from: follower });
    }
    hand.deliver({ kind: PROMOTE, to: 1 });
    hand.deliver({ from: 1, to: managerActor });
    // 2. The old leader comes back and streams from the new one.
    hand.restart(0);
    hand.fire(managerActor, 'heartbeat');
    hand.deliver({ kind: PROBE, to: 0, b: 1 });
    hand.deliver({ kind: HELLO, from: 0, to: 1 });
    hand.deliver({ kind: POINT, to: 0 });
    hand.deliver({ kind: STREAM, from: 0 });
    // 3. The new leader dies before its fsync is done, restarts at once, and writes another record 2.
    hand.crash(1);
    hand.restart(1);
    hand.write(1, 20);
    hand.settle();
    hand.fire(1, 'keepalive');
    hand.settle();
    expect(hand.replicas.map(({ flushedLsn, data }) => [flushedLsn, ...data.slice(0, 3)])).toEqual([
      [2, 2, 2, 20],
      [2, 2, 2, 20],
      [2, 2, 2, 20],
    ]);
  });

  /**
   * Replica 0 leads terms 1 and 3, another leads 2 and then 4. In each of the first three the leader writes what nobody
   * else has, so that the log of replica 0 has no term 2 and that of its last leader no term 3.
   */
  function partedTermsAgo(): { hand: ByHand; leader: number } {
    const hand = cluster(0, 2);
    const writeAlone = (replica: number, number: number) => {
      hand.write(replica, number);
      hand.settle({ kind: APPEND });
      hand.lose({ kind: APPEND });
    };
    writeAlone(0, 3);
    hand.crash(0);
    hand.elect();
    const leader = hand.manager.leader;
    writeAlone(leader, 30);
    hand.crash(leader);
    hand.restart(0);
    hand.elect({ to: leader });
    hand.lose({ to: leader });
    writeAlone(0, 300);
    hand.crash(0);
    hand.restart(leader);
    hand.elect({ to: 0 });
    hand.lose({ to: 0 });
    hand.restart(0);
    hand.fire(hand.managerActor, 'heartbeat');
    expect([hand.log(0), hand.log(leader)]).toEqual(['1:1 1:2 1:3 3:300', '1:1 1:2 2:30']);
    return { hand, leader };
  }

  test('logs that parted terms ago meet again', () => {
    const { hand, leader } = partedTermsAgo();
    hand.settle();
    expect(hand.log(0)).toBe('1:1 1:2 2:30');
    expect(hand.replicas[0]!.leader).toBe(leader);
  });

  test('a follower that grows impatient asks again what it asked last, and so gets to the end of its questions', () => {
    const { hand, leader } = partedTermsAgo();
    hand.deliver({ kind: PROBE, to: 0, b: leader });
    hand.deliver({ kind: HELLO, from: 0, to: leader });
    hand.deliver({ kind: POINT, to: 0 });
    // It has been sent further back, and asks about that. Before the answer comes, its patience ends.
    hand.deliver({ kind: HELLO, from: 0, to: leader });
    hand.fire(0, 'reconnect');
    hand.deliver({ kind: POINT, to: 0 });
    expect(hand.state(0)).toBe('following.connected.receiving');
    hand.settle();
    expect(hand.log(0)).toBe('1:1 1:2 2:30');
  });
});

describe('crash and restart', () => {
  test('a crash takes what was not fsynced, and nothing else', () => {
    const hand = cluster(1, 2);
    hand.write(0, 3);
    hand.write(0, 4);
    hand.flush(0);
    hand.crash(0);
    expect(hand.log(0)).toBe('1:1 1:2 1:3');
  });

  test('a leader that restarts leads on, answers nobody for its earlier life, and reuses only numbers nobody saw', () => {
    const hand = cluster(1, 1);
    hand.write(0, 2);
    hand.settle({ kind: APPEND });
    hand.lose({ kind: APPEND });
    hand.write(0, 3);
    hand.crash(0);
    hand.restart(0);
    hand.fire(0, 'keepalive');
    hand.settle();
    hand.write(0, 4);
    hand.settle();
    expect(hand.log(0)).toBe('1:1 1:2 1:4');
    expect(hand.log(1)).toBe(hand.log(0));
    expect([2, 3, 4].map((number) => hand.isAcknowledged(number))).toEqual([false, false, true]);
  });

  test('an fsync that a cut overtook does not make later records durable', () => {
    const hand = cluster(0, 1);
    // 1. The leader's fsync of records 2 to 4 is under way when it is deposed and cuts them off.
    for (const number of [2, 3, 4]) hand.write(0, number);
    hand.fire(hand.managerActor, 'leader timeout');
    hand.lose({ kind: ASK, to: 0 });
    for (;;) {
      const message = hand.wire.find(({ from, to }) => from !== 0 || to !== hand.client);
      if (message === undefined) break;
      hand.deliver(message);
    }
    const leader = hand.manager.leader;
    expect(hand.log(0)).toBe('1:1');
    // 2. It takes three records of the new leader before the old fsync ends.
    for (const number of [20, 30, 40]) hand.write(leader, number);
    hand.flush(leader);
    hand.flush(leader);
    while (hand.onTheWay({ kind: APPEND, to: 0 }).length > 0) hand.deliver({ kind: APPEND, to: 0 });
    expect(hand.log(0)).toBe('1:1 2:20 2:30 2:40');
    hand.flush(0);
    expect(hand.replicas[0]!.flushedLsn).toBe(1);
    hand.settle();
    expect(hand.replicas[0]!.flushedLsn).toBe(4);
  });
});
