/** Who is held for down: whoever has given no sign of life for too long, by the node's own clock. */

import type { Out } from '../../kernel/protocol.ts';
import { GOSSIP, MESSAGE_BYTES, NOTE_HELD_FOR_DOWN } from './messages.ts';
import { everybody, GOSSIP_TIMER, type Node } from './node.ts';

/** The node starts, or starts again: it takes everybody for up until they have been silent for long enough. */
export function beginGossip(node: Node, out: Out): void {
  node.heardUs.fill(out.nowUs);
  node.up = everybody(node.settings.nodes);
  gossip(node, out);
}

/** Tells all others that it is there, and looks who has been silent for too long. */
export function gossip(node: Node, out: Out): void {
  const { settings, self, heardUs } = node;
  for (let peer = 0; peer < settings.nodes; peer++) {
    if (peer === self) continue;
    out.send(peer, GOSSIP, 0, 0, 0, 0, 0, MESSAGE_BYTES);
    if ((node.up & (1 << peer)) !== 0 && out.elapsedUs(heardUs[peer]!) > settings.downAfterUs) {
      node.up &= ~(1 << peer);
      out.note(NOTE_HELD_FOR_DOWN, peer, 1, 0, 0);
    }
  }
  out.startTimer(GOSSIP_TIMER, settings.gossipUs);
}

export function hear(node: Node, peer: number, out: Out): void {
  node.heardUs[peer] = out.nowUs;
  if ((node.up & (1 << peer)) !== 0) return;
  node.up |= 1 << peer;
  out.note(NOTE_HELD_FOR_DOWN, peer, 0, 0, 0);
}
