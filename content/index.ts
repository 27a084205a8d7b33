/** What is taught and shipped, by name: where each bundled file lies. Reading it is the caller's business. */

export interface BundledDocument {
  readonly name: string;
  readonly url: URL;
}

export const bundledScenarios: readonly BundledDocument[] = [
  'one-leader-lab',
  'async-leader-crash',
  'semi-sync-leader-crash',
  'sync-slowest-follower',
  'read-scaling',
  'write-overload',
  'sharded-writes',
  'stale-follower-reads',
  'read-your-writes-lag',
  'monotonic-reads-two-followers',
  'consistent-prefix-two-followers',
  'consistent-prefix-one-follower',
  'old-leader-returns',
  'manual-failover',
  'cross-ocean-sync',
  'postgresql-streaming',
  'mysql-async',
  'mongodb-majority',
  'redis-primary-replica',
  'paused-leader-wakes',
  'lag-ocean',
  'pg-level-off',
  'pg-level-local',
  'pg-level-remote-write',
  'pg-level-on',
  'pg-level-remote-apply',
  'lag-busy-follower',
  'timeout-too-short',
  'timeout-in-between',
  'timeout-too-long',
  'pg-sync-standby-down',
  'pg-first-next-standby',
  'pg-first-2',
  'pg-any-2',
  'pg-no-standby-names',
  'pg-synchronous-commit-off',
  'mysql-semi-sync-timeout',
  'mysql-after-commit',
  'mysql-after-sync',
  'redis-min-replicas',
  'redis-wait',
].map((name) => ({ name, url: new URL(`./scenarios/${name}.yaml`, import.meta.url) }));

export const bundledRequirements: readonly BundledDocument[] = [
  'read-heavy-shop',
  'hobby-blog',
  'global-preferences',
  'ticket-ledger',
  'sensor-readings',
].map((name) => ({ name, url: new URL(`./requirements/${name}.yaml`, import.meta.url) }));
