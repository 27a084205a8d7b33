/** The charts of a replica beside its role, lowered: one for each stream, and those that help. The role's actions step them. */

import { lower } from '../../statecharts/lower.ts';
import { agentChart } from './agent.chart.ts';
import { replayFlushed } from './durable-log.ts';
import { heldReadsChart } from './held-reads.chart.ts';
import { holdRead } from './held-reads.ts';
import { leaseChart } from './lease.chart.ts';
import { replayChart } from './replay.chart.ts';
import { replaysAtOnce } from './replaying.ts';
import type { Activation } from './replica.ts';
import { streamChart } from './stream.chart.ts';
import { waitChart } from './wait.chart.ts';
import { walWriterChart } from './wal-writer.chart.ts';

/** Steps the stream charts of whichever replica is activated. Their timers come after the role chart's. */
export function loweredStreams(firstTimer: () => number) {
  const chart = lower(streamChart, {
    startTimer: ({ out, peer }, slot, delayUs) =>
      out.startTimer(firstTimer() + peer * chart.timers.length + slot, delayUs),
    cancelTimer: ({ out, peer }, slot) => out.cancelTimer(firstTimer() + peer * chart.timers.length + slot),
  });
  const indices = {
    hello: chart.eventIndex('hello'),
    stream: chart.eventIndex('stream'),
    backup: chart.eventIndex('backup'),
    confirm: chart.eventIndex('confirm'),
    flushed: chart.eventIndex('flushed'),
    close: chart.eventIndex('close'),
  };
  // A handle of its own: a chart must not be stepped on the handle that another chart's action is running on.
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };
  const stepPeer = ({ node, input, out }: Activation, peer: number, event: number): void => {
    handle.node = node;
    handle.input = input;
    handle.out = out;
    handle.peer = peer;
    node.streams[peer] = chart.step(node.streams[peer]!, event, handle);
  };
  return {
    chart,
    stepPeer,
    step: (activation: Activation, event: 'hello' | 'stream' | 'confirm' | 'backup'): void =>
      stepPeer(activation, activation.input.from, indices[event]),
    stepAll(activation: Activation, event: 'flushed' | 'close'): void {
      const { node } = activation;
      const index = indices[event];
      for (let peer = 0; peer < node.settings.replicas; peer++) {
        if (peer !== node.self) stepPeer(activation, peer, index);
      }
    },
  };
}

/**
 * Steps the charts beside the role: how long the leader's writes wait, its log on its way to disk, reads that are held, a
 * follower's replay, its lease.
 */
export function loweredHelpers(firstTimer: (replicas: number) => number) {
  const sink = (before: number) => ({
    startTimer: ({ node, out }: Activation, slot: number, delayUs: number) =>
      out.startTimer(firstTimer(node.settings.replicas) + before + slot, delayUs),
    cancelTimer: ({ node, out }: Activation, slot: number) =>
      out.cancelTimer(firstTimer(node.settings.replicas) + before + slot),
  });
  const wait = lower(waitChart, sink(0));
  const firstWriterTimer = wait.timers.length;
  const walWriter = lower(walWriterChart, sink(firstWriterTimer));
  const firstHeldTimer = firstWriterTimer + walWriter.timers.length;
  const heldReads = lower(heldReadsChart, sink(firstHeldTimer));
  const firstReplayTimer = firstHeldTimer + heldReads.timers.length;
  const replay = lower(replayChart, sink(firstReplayTimer));
  const firstLeaseTimer = firstReplayTimer + replay.timers.length;
  const lease = lower(leaseChart, sink(firstLeaseTimer));
  const firstAgentTimer = firstLeaseTimer + lease.timers.length;
  const agent = lower(agentChart, sink(firstAgentTimer));
  const event = {
    replayFlushed: replay.eventIndex('flushed'),
    replayQueryOver: replay.eventIndex('query over'),
    replayClose: replay.eventIndex('close'),
    waitWritten: wait.eventIndex('written'),
    waitMoved: wait.eventIndex('moved'),
    waitClose: wait.eventIndex('close'),
    writerWritten: walWriter.eventIndex('written'),
    writerClose: walWriter.eventIndex('close'),
    readHeld: heldReads.eventIndex('held'),
    readsMoved: heldReads.eventIndex('moved'),
  };
  const agentEvent = {
    greeted: agent.eventIndex('greeted'),
    lead: agent.eventIndex('lead'),
    follow: agent.eventIndex('follow'),
    restarted: agent.eventIndex('restarted'),
    renewed: agent.eventIndex('renewed'),
    lost: agent.eventIndex('lost'),
    free: agent.eventIndex('free'),
    compared: agent.eventIndex('compared'),
  };
  const leaseEvent = {
    lead: lease.eventIndex('lead'),
    follow: lease.eventIndex('follow'),
    asked: lease.eventIndex('asked'),
    granted: lease.eventIndex('granted'),
    restarted: lease.eventIndex('restarted'),
  };
  const handle: Activation = { node: null!, input: null!, out: null!, peer: -1 };
  const hold = ({ node, input, out }: Activation): void => {
    handle.node = node;
    handle.input = input;
    handle.out = out;
  };
  const stepWait = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.wait = wait.step(activation.node.wait, index, handle);
  };
  const stepWriter = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.walWriter = walWriter.step(activation.node.walWriter, index, handle);
  };
  const stepHeldReads = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.holding = heldReads.step(activation.node.holding, index, handle);
  };
  const stepReplay = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.replaying = replay.step(activation.node.replaying, index, handle);
  };
  const stepLease = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.lease = lease.step(activation.node.lease, index, handle);
  };
  const stepAgent = (activation: Activation, index: number): void => {
    hold(activation);
    activation.node.agent = agent.step(activation.node.agent, index, handle);
  };
  const aboutAgent = (activation: Activation, what: keyof typeof agentEvent): void => {
    if (activation.node.settings.fence.agent !== null) stepAgent(activation, agentEvent[what]);
  };
  const aboutLease = (activation: Activation, what: keyof typeof leaseEvent): void => {
    if (activation.node.settings.fence.leaseUs > 0) stepLease(activation, leaseEvent[what]);
  };
  return {
    wait,
    walWriter,
    heldReads,
    replaying: replay,
    lease,
    timers: [
      ...wait.timers,
      ...walWriter.timers,
      ...heldReads.timers,
      ...replay.timers,
      ...lease.timers,
      ...agent.timers,
    ],
    fire(activation: Activation, slot: number): void {
      if (slot < firstWriterTimer) stepWait(activation, slot);
      else if (slot < firstHeldTimer) stepWriter(activation, slot - firstWriterTimer);
      else if (slot < firstReplayTimer) stepHeldReads(activation, slot - firstHeldTimer);
      else if (slot < firstLeaseTimer) stepReplay(activation, slot - firstReplayTimer);
      else if (slot < firstAgentTimer) stepLease(activation, slot - firstLeaseTimer);
      else stepAgent(activation, slot - firstAgentTimer);
    },
    agent,
    aboutLease,
    aboutAgent,
    lead(activation: Activation): void {
      aboutLease(activation, 'lead');
      aboutAgent(activation, 'lead');
    },
    follow(activation: Activation): void {
      aboutLease(activation, 'follow');
      aboutAgent(activation, 'follow');
    },
    written(activation: Activation): void {
      const { timeoutUs, walWriterUs } = activation.node.settings.acknowledgement;
      if (timeoutUs > 0) stepWait(activation, event.waitWritten);
      if (walWriterUs > 0) stepWriter(activation, event.writerWritten);
    },
    moved(activation: Activation): void {
      if (activation.node.settings.acknowledgement.timeoutUs > 0) stepWait(activation, event.waitMoved);
    },
    holdRead(activation: Activation): void {
      holdRead(activation);
      stepHeldReads(activation, event.readHeld);
    },
    /** The replica has handled something: it may show more than it did. */
    readsMoved(activation: Activation): void {
      if (activation.node.held.length > 0) stepHeldReads(activation, event.readsMoved);
    },
    close(activation: Activation): void {
      stepWait(activation, event.waitClose);
      stepWriter(activation, event.writerClose);
    },
    replay(activation: Activation): void {
      if (replaysAtOnce(activation.node)) replayFlushed(activation);
      else stepReplay(activation, event.replayFlushed);
    },
    queryOver(activation: Activation): void {
      stepReplay(activation, event.replayQueryOver);
    },
    endReplay(activation: Activation): void {
      if (!replaysAtOnce(activation.node)) stepReplay(activation, event.replayClose);
    },
  };
}
