/** A thread that runs blocks of trials: it is sent parts, and sends back the tally of each. */
import { parentPort, workerData } from 'node:worker_threads';
import { emptyQuorumTally, type PreparedQuorum, sampleQuorum } from '#engine';

export interface QuorumPart {
  readonly from: number;
  readonly to: number;
}

const prepared: PreparedQuorum = workerData;

parentPort!.on('message', (part: QuorumPart) => {
  const tally = emptyQuorumTally(prepared);
  sampleQuorum(prepared, tally, part);
  parentPort!.postMessage(tally);
});
