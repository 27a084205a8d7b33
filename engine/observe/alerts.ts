/**
 * Alerts, as somebody's monitoring would raise them: it looks at the cluster now and then (500 times a run), and tells when
 * a threshold is crossed and when all is well again.
 */

import type { TraceEntry } from './trace.ts';

export interface AlertSettings {
  /** Replay lag above which one is raised; null for none. */
  readonly lagUs: number | null;
  /** Whether one is raised when a leader has no stream to a follower that it had one to. */
  readonly disconnected: boolean;
}

export interface Alert {
  readonly alert: 'lag' | 'disconnected';
  /** The follower; of several leaders the pair, `a → b`. */
  readonly node: string;
  readonly raisedAtMs: number;
  /** null where it was never cleared. */
  readonly clearedAtMs: number | null;
  /** The greatest replay lag while it lasted, ms; null for a disconnection. */
  readonly worstMs: number | null;
}

interface Raised {
  readonly alert: Alert['alert'];
  readonly node: string;
  readonly raisedAtUs: number;
  clearedAtUs: number | null;
  worstUs: number;
}

export class Alerts {
  private readonly settings: AlertSettings;
  private readonly tell: ((entry: TraceEntry) => void) | undefined;
  private readonly all: Raised[] = [];
  private readonly current = new Map<string, Raised>();
  /** Followers that have been connected: one that never was has not been lost. */
  private readonly known = new Set<string>();

  constructor(settings: AlertSettings, tell: ((entry: TraceEntry) => void) | undefined) {
    this.settings = settings;
    this.tell = tell;
  }

  sawLag(atUs: number, node: string, lagUs: number): void {
    const { lagUs: threshold } = this.settings;
    if (threshold !== null) this.set(atUs, 'lag', node, lagUs > threshold, lagUs);
  }

  sawStream(atUs: number, node: string, isConnected: boolean): void {
    if (!this.settings.disconnected) return;
    if (isConnected) this.known.add(node);
    if (this.known.has(node)) this.set(atUs, 'disconnected', node, !isConnected, 0);
  }

  report(): Alert[] {
    return this.all.map(({ alert, node, raisedAtUs, clearedAtUs, worstUs }) => ({
      alert,
      node,
      raisedAtMs: raisedAtUs / 1000,
      clearedAtMs: clearedAtUs === null ? null : clearedAtUs / 1000,
      worstMs: alert === 'lag' ? worstUs / 1000 : null,
    }));
  }

  private set(atUs: number, alert: Alert['alert'], node: string, isRaised: boolean, valueUs: number): void {
    const key = `${alert} ${node}`;
    const raised = this.current.get(key);
    if (raised !== undefined && isRaised) raised.worstUs = Math.max(raised.worstUs, valueUs);
    if ((raised !== undefined) === isRaised) return;
    if (raised === undefined) {
      const begun: Raised = { alert, node, raisedAtUs: atUs, clearedAtUs: null, worstUs: valueUs };
      this.all.push(begun);
      this.current.set(key, begun);
    } else {
      raised.clearedAtUs = atUs;
      this.current.delete(key);
    }
    const valueMs = alert === 'lag' ? valueUs / 1000 : null;
    this.tell?.({ type: 'alert', atMs: atUs / 1000, alert, node, raised: isRaised, valueMs });
  }
}
