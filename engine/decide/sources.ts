/** Where the rules of the decision come from. */
import type { Source } from './recommendation.ts';

export const sources = {
  ddiaReplication: {
    title: 'Kleppmann, Designing Data-Intensive Applications (2017), chapter 5, Replication',
  },
  ddiaPartitioning: {
    title: 'Kleppmann, Designing Data-Intensive Applications (2017), chapter 6, Partitioning',
  },
  ddiaConsistency: {
    title: 'Kleppmann, Designing Data-Intensive Applications (2017), chapter 9, Consistency and Consensus',
  },
  postgresStandby: {
    title: 'PostgreSQL documentation, Log-Shipping Standby Servers, synchronous replication',
    url: 'https://www.postgresql.org/docs/current/warm-standby.html',
  },
  postgresArchiving: {
    title: 'PostgreSQL documentation, Continuous Archiving and Point-in-Time Recovery',
    url: 'https://www.postgresql.org/docs/current/continuous-archiving.html',
  },
  postgresFailover: {
    title: 'PostgreSQL documentation, Failover',
    url: 'https://www.postgresql.org/docs/current/warm-standby-failover.html',
  },
  mongoElections: {
    title: 'MongoDB manual, Replica Set Elections',
    url: 'https://www.mongodb.com/docs/manual/core/replica-set-elections/',
  },
  etcdTuning: { title: 'etcd documentation, Tuning', url: 'https://etcd.io/docs/v3.5/tuning' },
  raft: {
    title: 'Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm (2014)',
    url: 'https://raft.github.io/raft.pdf',
  },
  cap: {
    title:
      'Gilbert and Lynch, Brewer’s Conjecture and the Feasibility of Consistent, Available, Partition-Tolerant Web Services (2002)',
    url: 'https://doi.org/10.1145/564585.564601',
  },
  pacelc: {
    title: 'Abadi, Consistency Tradeoffs in Modern Distributed Database System Design (2012)',
    url: 'https://doi.org/10.1109/MC.2012.33',
  },
  dynamo: {
    title: 'DeCandia et al., Dynamo: Amazon’s Highly Available Key-value Store (2007)',
    url: 'https://www.allthingsdistributed.com/files/amazon-dynamo-sosp2007.pdf',
  },
  pgdConflicts: {
    title: 'EDB Postgres Distributed documentation, Conflicts',
    url: 'https://www.enterprisedb.com/docs/pgd/5/consistency/conflicts/',
  },
  crdt: {
    title: 'Shapiro et al., Conflict-free Replicated Data Types (2011)',
    url: 'https://doi.org/10.1007/978-3-642-24550-3_29',
  },
  queueing: { title: 'M/M/1 queue: time in the system is the service time divided by 1 − load' },
} as const satisfies Record<string, Source>;
