import { versionName } from '../topologies/leaderless/stamps.ts';

/** How versions of a key stand to each other. */
export interface VersionOrder {
  /** Whether who has one version lacks something of another. */
  lacks(term: number, lsn: number, ofTerm: number, ofLsn: number): boolean;
  /** LSN of what lacks nothing of a version nor of another, of which the first lacks something. */
  join(lsn: number, other: number): number;
  name(term: number, lsn: number): string;
  /** Where versions are sets of writes: one that was acknowledged, that the second version of a key has and the first lacks; 0 where it is not known any more. */
  missed?(key: number, lsn: number, ofLsn: number): number;
}

/** By term and LSN, one of two versions is newer. */
export const byStamp: VersionOrder = {
  lacks: (term, lsn, ofTerm, ofLsn) => term < ofTerm || (term === ofTerm && lsn < ofLsn),
  join: (_, other) => other,
  name: versionName,
};
