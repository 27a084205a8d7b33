import { NOTE_LEADING, NOTE_VOTED } from './messages.ts';

/**
 * What must hold of every election, judged from what servers note: a term has at most one leader, and a server votes for
 * at most one candidate in a term. It cannot see a vote that was given and never told.
 */
export class ElectionSafety {
  /** What was broken, in the order it was. */
  readonly violations: string[] = [];
  private readonly servers: number;
  private readonly leaders = new Map<number, number>();
  /** Whom a server voted for, by term × servers + server. */
  private readonly votes = new Map<number, number>();

  constructor(servers: number) {
    this.servers = servers;
  }

  onNote(server: number, kind: number, term: number, candidate: number): void {
    if (kind === NOTE_LEADING) {
      const other = this.leaders.get(term);
      if (other !== undefined && other !== server)
        this.violations.push(`term ${term} has two leaders, servers ${other} and ${server}`);
      this.leaders.set(term, server);
    } else if (kind === NOTE_VOTED) {
      const vote = term * this.servers + server;
      const other = this.votes.get(vote);
      if (other !== undefined && other !== candidate)
        this.violations.push(`server ${server} voted for both ${other} and ${candidate} in term ${term}`);
      this.votes.set(vote, candidate);
    }
  }
}
