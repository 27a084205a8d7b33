/**
 * How clients come to ask a new leader, once it is known who that is. A group stands for many users, and so each of its
 * operations goes where one of them would ask.
 */

/** `dns`: cached answers; `address`: a virtual address, which moves; `proxy`: one that looks now and then. */
export type Routing =
  | { readonly method: 'dns'; readonly ttlUs: number }
  | { readonly method: 'address'; readonly takeoverUs: number }
  | { readonly method: 'proxy'; readonly checkUs: number };

/** What a group was told last of one shard, and what of it has reached its users. */
export interface Rerouting {
  /** Who leads, and who led before that is still asked; −1 for nobody. */
  newest: number;
  before: number;
  /** When the record changed, or from when on the new leader is reached. */
  fromUs: number;
}

export function newRerouting(leader: number): Rerouting {
  return { newest: leader, before: -1, fromUs: 0 };
}

/** Somebody else leads. `bits` are 32 random ones. */
export function change(
  state: Rerouting,
  routing: Routing,
  leader: number,
  nowUs: number,
  bits: () => number,
): void {
  if (leader === state.newest) return;
  // Whoever was about to be asked is not asked any more; the one before is, until this change is through.
  if (state.before < 0 || routing.method === 'dns') state.before = state.newest;
  state.newest = leader;
  switch (routing.method) {
    case 'dns':
      state.fromUs = nowUs;
      break;
    case 'address':
      state.fromUs = nowUs + routing.takeoverUs;
      break;
    case 'proxy':
      // Its next look is as likely at one moment as at another.
      state.fromUs = nowUs + share(bits(), routing.checkUs);
  }
}

/**
 * Whom an operation asks that begins now. Cached answers are of all ages up to the TTL, equally many of each: t after the
 * change the share 1 − t/TTL still has the old one.
 */
export function reached(state: Rerouting, routing: Routing, nowUs: number, bits: () => number): number {
  if (state.before < 0) return state.newest;
  const isThrough = routing.method === 'dns' ? nowUs - state.fromUs >= routing.ttlUs : nowUs >= state.fromUs;
  if (isThrough) {
    state.before = -1;
    return state.newest;
  }
  if (routing.method !== 'dns') return state.before;
  return share(bits(), routing.ttlUs) >= nowUs - state.fromUs ? state.before : state.newest;
}

/** 0 ≤ result < ofUs, equally likely each. */
function share(bits: number, ofUs: number): number {
  return Math.floor(((bits >>> 0) / 0x1_0000_0000) * ofUs);
}
