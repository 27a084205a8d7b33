/** Elections that go wrong on the way: late answers, wrong suspicions, deaths at the worst moment. */

import { expect, test } from 'vitest';
import { cluster } from './by-hand.test-support.ts';
import { APPEND, ASK, CONFIRM, POSITION, PROMOTE } from './messages.ts';

test('whoever has given its position confirms nothing more to the old leader', () => {
  const hand = cluster(1, 1);
  // 1. Both followers have given their positions; the leader, whom the question did not reach, goes on.
  hand.fire(hand.managerActor, 'leader timeout');
  hand.lose({ kind: ASK, to: 0 });
  for (const follower of [1, 2]) hand.deliver({ kind: ASK, to: follower });
  hand.write(0, 2);
  hand.settle({ kind: POSITION });
  expect(hand.isAcknowledged(2)).toBe(false);
  // 2. One of them is promoted, and the old leader hears of it.
  hand.settle();
  hand.fire(hand.managerActor, 'heartbeat');
  hand.settle();
  expect(hand.isAcknowledged(2)).toBe(false);
  expect(hand.log(0)).toBe('1:1');
});

test('what counts is on disk: a longer log in memory does not win', () => {
  const hand = cluster(1, 1);
  // 1. Write 2 reaches both followers; only replica 2's disk has it, and it is acknowledged.
  hand.write(0, 2);
  hand.flush(0);
  hand.deliver({ kind: APPEND, to: 1 });
  hand.deliver({ kind: APPEND, to: 2 });
  hand.flush(2);
  hand.deliver({ kind: CONFIRM, from: 2 });
  hand.deliver({ to: hand.client });
  expect(hand.isAcknowledged(2)).toBe(true);
  // 2. Write 3 is in replica 1's memory only.
  hand.write(0, 3);
  hand.flush(0);
  hand.deliver({ kind: APPEND, to: 1 });
  hand.crash(0);
  hand.lose({ kind: APPEND });
  // 3. The election hears both followers before replica 1's disk is done.
  hand.fire(hand.managerActor, 'leader timeout');
  for (const follower of [1, 2]) {
    hand.deliver({ kind: ASK, to: follower });
    hand.deliver({ kind: POSITION, from: follower });
  }
  expect(hand.manager.chosen).toBe(2);
});

test('equal on disk, the one with more in memory wins', () => {
  const hand = cluster(1, 1);
  hand.write(0, 2);
  hand.flush(0);
  hand.deliver({ kind: APPEND, to: 2 });
  hand.crash(0);
  hand.lose({ kind: APPEND });
  hand.elect();
  expect(hand.manager.leader).toBe(2);
  expect(hand.log(2)).toBe('1:1 1:2');
});

test('the leader that was suspected wrongly is fenced, and may be chosen again', () => {
  const hand = cluster(0, 1);
  hand.write(0, 2);
  hand.flush(0);
  hand.lose({ kind: APPEND });
  hand.fire(hand.managerActor, 'leader timeout');
  hand.deliver({ kind: ASK, to: 0 });
  expect(hand.state(0)).toBe('following.disconnected.connecting');
  hand.deliver({ kind: POSITION, from: 0 });
  hand.settle();
  expect(hand.manager.leader).toBe(0);
  expect(hand.log(1)).toBe('1:1 1:2');
});

test('a leader that is deposed and chosen again answers nobody for its earlier term', () => {
  const hand = cluster(1, 1);
  // Its fsync of write 2 is under way all the while.
  hand.write(0, 2);
  hand.fire(hand.managerActor, 'leader timeout');
  for (const replica of [0, 1, 2]) {
    hand.deliver({ kind: ASK, to: replica });
    hand.deliver({ kind: POSITION, from: replica });
  }
  hand.deliver({ kind: PROMOTE, to: 0 });
  hand.settle();
  hand.write(0, 3);
  hand.settle();
  expect(hand.log(1)).toBe('1:1 1:2 2:3');
  expect([2, 3].map((number) => hand.isAcknowledged(number))).toEqual([false, true]);
});

test('the one chosen dies before it leads: another is chosen in a newer term', () => {
  const hand = cluster(0, 1);
  hand.crash(0);
  hand.fire(hand.managerActor, 'leader timeout');
  hand.settle({ kind: PROMOTE });
  const dead = hand.manager.chosen;
  hand.crash(dead);
  hand.settle();
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  expect(hand.manager.leader).toBe(3 - dead);
  expect(hand.replicas[3 - dead]!.term).toBe(3);
  hand.restart(dead);
  hand.fire(hand.managerActor, 'heartbeat');
  hand.settle();
  expect(hand.replicas[dead]!.leader).toBe(3 - dead);
  expect(hand.state(dead)).toBe('following.connected.receiving');
});

test('an order to lead that arrives after a newer question is refused', () => {
  const hand = cluster(1, 1);
  hand.crash(0);
  hand.fire(hand.managerActor, 'leader timeout');
  hand.settle({ kind: PROMOTE });
  const late = hand.lose({ kind: PROMOTE })[0]!;
  hand.fire(hand.managerActor, 'election');
  hand.deliver({ kind: ASK, to: late.to });
  hand.again(late);
  expect(hand.state(late.to)).toBe('following.disconnected.connecting');
});

test('an answer to an older question is not counted', () => {
  const hand = cluster(1, 1);
  hand.crash(0);
  hand.fire(hand.managerActor, 'leader timeout');
  hand.settle({ kind: POSITION });
  const late = hand.lose({ kind: POSITION });
  hand.fire(hand.managerActor, 'election');
  for (const answer of late) hand.again(answer);
  expect(hand.manager.answered).toBe(0);
});

test('nobody answers: the manager asks again, and the first to come back leads', () => {
  const hand = cluster(0, 1);
  for (const replica of [0, 1, 2]) hand.crash(replica);
  hand.elect();
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  hand.restart(2);
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  expect(hand.manager.leader).toBe(2);
  expect(hand.state(2)).toBe('leading.serving');
});

test('nobody is promoted before every acknowledged write must be in sight', () => {
  const hand = cluster(1, 1);
  // 1. Write 2 is acknowledged by the disks of replicas 0 and 2.
  hand.write(0, 2);
  hand.flush(0);
  hand.lose({ kind: APPEND, to: 1 });
  hand.settle();
  expect(hand.isAcknowledged(2)).toBe(true);
  // 2. Both are down when the manager asks; replica 1, which never had it, answers alone.
  hand.crash(0);
  hand.crash(2);
  hand.elect();
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  expect(hand.manager.leader).toBe(-1);
  // 3. With one of them back, two have answered, and whoever has the write leads.
  hand.restart(2);
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  expect(hand.manager.leader).toBe(2);
  expect(hand.log(1)).toBe('1:1 1:2');
});

test('a single node leads again after its crash', () => {
  const hand = cluster(0, 2, 1);
  hand.crash(0);
  hand.elect();
  hand.restart(0);
  hand.fire(hand.managerActor, 'election');
  hand.settle();
  hand.write(0, 3);
  hand.settle();
  expect(hand.isAcknowledged(3)).toBe(true);
  expect(hand.replicas[0]!.replayedLsn).toBe(3);
  expect(hand.log(0)).toBe('3:3');
});
