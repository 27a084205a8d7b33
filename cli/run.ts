import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { Interrupted, UsageError, WrongInput } from './failures.ts';
import {
  milliseconds,
  millisecondsRange,
  part,
  probability,
  seedsRange,
  times,
  wholeNumber,
} from './flags.ts';
import type { Io } from './io.ts';
import { renderProblems } from './render/problems.ts';

/** Runs one command line to its end. Never throws: every failure becomes a message and an exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await runCommand(argv, io);
  } catch (error) {
    const failure = describeFailure(error, io);
    io.stderr.write(failure.message);
    if (argv.includes('--json') && failure.exitCode !== exitCodes.interrupted) {
      const problems = error instanceof WrongInput ? error.problems : [];
      const message = error instanceof Error ? error.message : String(error);
      io.stdout.write(
        `${JSON.stringify({ error: { exitCode: failure.exitCode, message, problems } }, null, 2)}\n`,
      );
    }
    return failure.exitCode;
  }
}

interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
}

function describeFailure(error: unknown, io: Io): Failure {
  if (error instanceof WrongInput) {
    return { exitCode: exitCodes.wrongInput, message: renderProblems(error.problems) };
  }
  if (error instanceof UsageError) return { exitCode: exitCodes.wrongInput, message: `${error.message}\n` };
  // Commander has printed its own message.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? exitCodes.asHoped : exitCodes.wrongInput, message: '' };
  }
  if (error instanceof Interrupted || io.interrupted.aborted) {
    return { exitCode: exitCodes.interrupted, message: 'Interrupted.\n' };
  }
  return { exitCode: exitCodes.ourFault, message: confess(error, io) };
}

function confess(error: unknown, io: Pick<Io, 'env'>): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = io.env.QUORATE_DEBUG === '1' && error instanceof Error ? `\n${error.stack}\n` : '';
  return [
    `This is our fault, not yours: ${what}`,
    `Please report it with the command, its input file and this line: quorate ${version()}, node ${process.version}, ${process.platform}.`,
    stack === '' ? 'QUORATE_DEBUG=1 shows where it happened.' : stack,
    '',
  ].join('\n');
}

async function runCommand(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.asHoped;
  const program = new Command('quorate')
    .description(
      'Asks what you need of a replicated database, recommends a topology, and proves it by simulation.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError('(--help lists arguments and options)')
    .addHelpText('after', programExamples);

  const seed = wholeNumber({ least: 0, most: Number.MAX_SAFE_INTEGER });
  const runs = wholeNumber({ least: 1, most: 1_000_000 });
  const threads = wholeNumber({ least: 1, most: 256 });
  const threadsHelp = 'threads for many runs (default: as many as processors, where it takes long)';

  program
    .command('decide')
    .summary('recommend a topology for your requirements and prove it')
    .description(
      'Recommends a replication topology for your requirements and proves it by simulating your own workload. ' +
        'Without a file, in a terminal, it asks. Exits 1 if a target is missed.',
    )
    .argument(
      '[file]',
      'requirements in YAML or JSON; - reads standard input; or the name of a bundled sample',
    )
    .option('--json', 'print one JSON document on standard output')
    .option('--seed <number>', 'the first seed of the simulations', seed, 1)
    .option('--runs <number>', 'simulations of each scenario of the evidence', runs, 5)
    .option('--save <folder>', 'write your requirements and the simulated scenarios into this folder')
    .option('--plain', 'ask in plain lines, for screen readers and simple terminals')
    .addHelpText('after', decideExamples)
    .action(async (file, options) => {
      const { decideCommand } = await import('./commands/decide.ts');
      exitCode = await decideCommand({ file, ...options }, io);
    });

  program
    .command('simulate')
    .summary('run one scenario and report what happened')
    .description(
      'Runs one scenario in virtual time and reports what happened. Exits 1 if an expectation is missed.',
    )
    .argument(
      '<file>',
      'a scenario in YAML or JSON; - reads standard input; or the name of a bundled scenario',
    )
    .option('--json', 'print one JSON document on standard output')
    .option('--seed <number>', 'instead of the seed in the scenario', seed)
    .option(
      '--seeds <from..to>',
      'many runs, and how RTO, RPO and loss are spread',
      seedsRange({ most: 1_000_000 }),
    )
    .option('--threads <number>', threadsHelp, threads)
    .option('--until <ms>', 'stop at this virtual time', milliseconds({ least: 0, most: 1e12 }))
    .option('--trace <file>', 'write every trace entry to this file, one JSON object a line')
    .option('--history <file>', 'write what clients asked and were answered to this file, for check')
    .option('--no-explain', 'do not run it again to find the messages behind a violation or an outage')
    .addHelpText('after', simulateExamples)
    .action(async (file, options) => {
      const { simulateCommand } = await import('./commands/simulate.ts');
      exitCode = await simulateCommand({ file, ...options }, io);
    });

  program
    .command('sweep')
    .summary('run a scenario over a grid of settings')
    .description(
      'Runs a scenario with every combination of some settings, many seeds each, and measures. What --out or --svg is to get ' +
        'is kept in a journal beside it meanwhile: killed, the same command goes on from there.',
    )
    .argument('<file>', 'a sweep in YAML or JSON; - reads standard input; or the name of a bundled sweep')
    .option('--out <file>', 'write a row for each cell and measure: .parquet, .ndjson, or all as .json')
    .option('--svg <file>', 'draw a heat map, or a curve where there is one axis')
    .option('--json', 'print one JSON document on standard output')
    .option('--runs <number>', 'runs of each cell, instead of what the file says', runs)
    .option('--seed <number>', 'the first seed, instead of what the file says', seed)
    .option('--threads <number>', threadsHelp, threads)
    .option(
      '--shard <part/parts>',
      'do one part of several, as 2/7, and write it for merge (default name: <id>.2-of-7.part)',
      part({ most: 100_000 }),
    )
    .option('--restart', 'begin anew where a journal is left')
    .addHelpText('after', sweepExamples)
    .action(async (file, options) => {
      const { sweepCommand } = await import('./commands/sweep.ts');
      exitCode = await sweepCommand({ file, ...options }, io);
    });

  program
    .command('merge')
    .summary('join the parts of a sweep')
    .description(
      'Joins the parts that sweep --shard wrote into what one machine would have given, byte for byte.',
    )
    .argument('<parts...>', 'all parts of one sweep')
    .option('--out <file>', 'write a row for each cell and measure: .parquet, .ndjson, or all as .json')
    .option('--svg <file>', 'draw a heat map, or a curve where there is one axis')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', mergeExamples)
    .action(async (parts, options) => {
      const { mergeCommand } = await import('./commands/merge.ts');
      exitCode = await mergeCommand({ parts, ...options }, io);
    });

  program
    .command('find')
    .summary('search for faults that break a property')
    .description(
      'Searches for a schedule of faults, latencies and interleavings that breaks a property of a scenario, makes it as ' +
        'small as it can, and prints it as a scenario that simulate runs. Exits 1 if it found one, 0 if not.',
    )
    .argument(
      '<file>',
      'a scenario in YAML or JSON; - reads standard input; or the name of a bundled scenario',
    )
    .requiredOption('--violates <verdict>', 'the property to break, such as lost-writes')
    .option('--budget <runs>', 'schedules to try (default: 1000)', runs)
    .addOption(new Option('--runs <number>', 'the same as --budget').argParser(runs).hideHelp())
    .option('--max-faults <number>', 'faults in one schedule', wholeNumber({ least: 1, most: 100 }), 3)
    .option('--par', 'with no fault first, then with one, then two: the fewest that do')
    .option(
      '--draw <kinds...>',
      'what may be drawn, such as crash cut; spread is of latencies (default: all that mean something to the topology)',
    )
    .option(
      '--longest <ms>',
      'no fault lasts longer, and none is for good',
      milliseconds({ least: 1, most: 1e9 }),
    )
    .option('--seed <number>', 'the seed of the search', wholeNumber({ least: 0, most: 2 ** 31 - 1 }), 1)
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', findExamples)
    .action(async (file, options) => {
      const { findCommand } = await import('./commands/find.ts');
      const budget = options.budget ?? options.runs ?? 1000;
      exitCode = await findCommand({ ...options, file, budget }, io);
    });

  program
    .command('check')
    .summary('judge a history recorded from a database')
    .description(
      'Judges a history of operations: whether it is linearizable, or sequentially consistent, by a sequential model. ' +
        'Exits 1 if it is not, 3 if the budget was spent before the answer was known.',
    )
    .argument('<file>', 'a history; - reads standard input')
    .addOption(
      new Option('--format <format>', 'how it is written (default: by its first line)').choices([
        'ndjson',
        'jepsen-etcd',
        'jepsen-edn',
        'porcupine-kv',
      ]),
    )
    .option('--model <name>', 'what the store should be (default: the first whose operations these are)')
    .addOption(
      new Option('--consistency <kind>', 'what is asked of it')
        .choices(['linearizable', 'sequential'])
        .default('linearizable'),
    )
    .option(
      '--budget <steps>',
      'steps of search before the answer is unknown (default: 5000000); a register that is never given the same value twice needs none',
      wholeNumber({ least: 1, most: 1e12 }),
    )
    .option('--html <file>', 'write a page that shows the history: bars, order, faults, where it is stuck')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', checkExamples)
    .action(async (file, options) => {
      const { checkCommand } = await import('./commands/check.ts');
      exitCode = await checkCommand({ file, ...options }, io);
    });

  const few = wholeNumber({ least: 0, most: 10 });
  program
    .command('explore')
    .summary('try every order of what may happen')
    .description(
      'Makes a small model of a scenario (its nodes and settings; time and links give way to choices) and visits every ' +
        'order of deliveries, disk writes, crashes and losses. Exits 1 if a property is violated, by the shortest way; 3 if the ' +
        'states were too many, or nothing of interest was reached.',
    )
    .argument(
      '<file>',
      'a scenario of 2 to 5 nodes in YAML or JSON; - reads standard input; or the name of a bundled scenario',
    )
    .option('--depth <choices>', 'choices in a row', wholeNumber({ least: 1, most: 10_000 }), 30)
    .option(
      '--states <number>',
      'different states at most',
      wholeNumber({ least: 1, most: 50_000_000 }),
      1_000_000,
    )
    .option('--writes <number>', 'writes a client asks for, where there is one leader', few, 1)
    .option('--crashes <number>', 'nodes that may crash on one path', few, 1)
    .option('--restarts', 'what crashed may start again')
    .option('--losses <number>', 'messages that one path may lose', few, 0)
    .option('--terms <number>', 'new terms, where there are any', few, 1)
    .option('--symmetry', 'of states that differ only in which follower is which, visit one (consensus)')
    .option('--violates <check>', 'only this property (default: all there are)')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', exploreExamples)
    .action(async (file, options) => {
      const { exploreCommand } = await import('./commands/explore.ts');
      exitCode = await exploreCommand({ file, ...options }, io);
    });

  const cutMs = milliseconds({ least: 0, most: 86_400_000 });
  program
    .command('cap')
    .summary('cut a cluster in two and measure what it gives up')
    .description(
      'Takes the cluster of a scenario, reads and writes on both sides of a cut, heals it, and says of reads and of writes ' +
        'whether they stayed available or consistent, with the counts that say so. The scenario’s clients and faults are left out.',
    )
    .argument(
      '<file>',
      'a scenario in YAML or JSON; - reads standard input; or the name of a bundled scenario, or of a system such as etcd',
    )
    .option(
      '--side <names...>',
      'nodes, regions or helpers that are cut off (default: a leader that the scenario names, or else the last region, or a minority of the nodes)',
    )
    .addOption(
      new Option(
        '--way <way>',
        'cut both ways, or only what the side sends out or is sent (default: both)',
      ).choices(['both', 'out', 'in']),
    )
    .option('--at <ms>', 'when the cut begins (default: 20000)', cutMs)
    .option('--for <ms>', 'how long it lasts (default: 60000)', cutMs)
    .option('--seed <number>', 'instead of the seed in the scenario', seed)
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', capExamples)
    .action(async (file, options) => {
      const { capCommand } = await import('./commands/cap.ts');
      exitCode = await capCommand({ file, ...options }, io);
    });

  program
    .command('compare')
    .summary('run one workload over every topology, side by side')
    .description(
      'Runs the cluster and the clients of a scenario on every topology, undisturbed and with a crash of the node that took ' +
        'most writes, and prints what was measured side by side. The scenario’s own topology and faults are left out.',
    )
    .option(
      '--workload <file>',
      'a scenario in YAML or JSON; - reads standard input; or the name of a bundled scenario (default: three-region-shop)',
    )
    .option('--seed <number>', 'instead of the seed in the scenario', seed)
    .addOption(new Option('--markdown', 'print a Markdown table').conflicts('json'))
    .option('--json', 'print one JSON document on standard output, with every run')
    .addHelpText('after', compareExamples)
    .action(async (options) => {
      const { compareCommand } = await import('./commands/compare.ts');
      exitCode = await compareCommand(options, io);
    });

  const electionMs = { least: 0, most: 60_000 };
  program
    .command('elections')
    .summary('measure how long a Raft cluster is without a leader')
    .description(
      'Runs many elections of Raft, each until a candidate has its majority, and reports ' +
        'how long they took and how often the first term split its vote. Exits 3 if one ' +
        'does not end.',
    )
    .argument(
      '[file]',
      'elections in YAML or JSON; - reads standard input; or the name of a bundled one. Flags count for more',
    )
    .option('--one-way <ms>', 'how long a message travels: 15 or 30..40', millisecondsRange(electionMs))
    .option('--timeout <ms>', 'election timeouts: 150..300', millisecondsRange(electionMs))
    .option('--servers <number>', 'servers of the cluster (default: 5)', wholeNumber({ least: 2, most: 99 }))
    .option(
      '--failed <number>',
      'how many of them are down in all (default: 0, after a crash 1)',
      wholeNumber({ least: 0, most: 99 }),
    )
    .addOption(
      new Option('--logs <kind>', 'whether all logs end alike (default: same)').choices([
        'same',
        'different',
      ]),
    )
    .addOption(
      new Option(
        '--start <kind>',
        'no leader and fresh timers, or the death of a leader (default: fresh)',
      ).choices(['fresh', 'crash']),
    )
    .option(
      '--heartbeat <ms>',
      'between two heartbeats (default: half the least timeout)',
      milliseconds(electionMs),
    )
    .option('--vote-write <ms>', 'to write a vote before it is told (default: 0)', milliseconds(electionMs))
    .option('--runs <number>', 'elections (default: 1000)', runs)
    .option('--seed <number>', 'the seed of the elections (default: 1)', seed)
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', electionsExamples)
    .action(async (file, options) => {
      const { electionsCommand } = await import('./commands/elections.ts');
      exitCode = await electionsCommand({ file, ...options }, io);
    });

  const replicas = wholeNumber({ least: 1, most: 16 });
  program
    .command('quorum')
    .summary('how fresh, fast and available n replicas are that wait for r and w')
    .description(
      'What a choice of n replicas means of which reads wait for r and writes for w: how fresh reads are, how long ' +
        'operations take, how many replicas may be down. Closed forms where there are any, trials otherwise.',
    )
    .requiredOption('--n <number>', 'replicas of a key', replicas)
    .requiredOption('--r <number>', 'how many of them a read waits for', replicas)
    .requiredOption('--w <number>', 'how many of them a write waits for', replicas)
    .requiredOption(
      '--latency <latency>',
      'lnkd-ssd, lnkd-disk, ymmr or wan; or your own distributions, see below',
    )
    .option(
      '--p <share>',
      'the share of reads that t-visibility is about (default: 0.999)',
      probability({ open: true }),
    )
    .option(
      '--at <ms...>',
      'times after a write at which a read may begin (default: 0 1 10 100)',
      times({ least: 0, most: 2_147_483 }),
    )
    .option(
      '--p-down <share>',
      'the probability that a replica is down (default: 0.01)',
      probability({ open: false }),
    )
    .option(
      '--trials <number>',
      'writes, each with a read (default: 8000000; with --engine 100000)',
      wholeNumber({ least: 1, most: 2_000_000_000 }),
    )
    .option('--seed <number>', 'the seed of the trials (default: 1)', seed)
    .option(
      '--engine',
      'simulate it whole instead: coordinators and replicas that exchange messages, with trials of its own for each time. It costs a hundred times as much: some 100,000 trials a second',
    )
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', quorumExamples)
    .action(async (options) => {
      const { quorumCommand } = await import('./commands/quorum.ts');
      exitCode = await quorumCommand(options, io);
    });

  await program.parseAsync(argv, { from: 'user' });
  return exitCode;
}

/** From source the manifest is one folder up, from the built package two. */
function version(): string {
  const manifest = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';
  return JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8')).version;
}

const programExamples = `
Examples:
  quorate decide                                     asks, recommends, proves
  quorate decide read-heavy-shop                     decides a bundled sample
  quorate simulate async-leader-crash                runs a bundled scenario
  quorate find async-leader-crash --violates lost-writes
  quorate check history.ndjson                       judges a recorded history
  quorate elections --one-way 15 --timeout 150..300  measures Raft's elections
  quorate quorum --n 3 --r 1 --w 1 --latency ymmr    how stale reads may be

Exit codes: 0 as hoped, 1 a target or expectation is missed, 2 wrong input,
3 unknown, 70 our own fault, 130 interrupted.`;

const decideExamples = `
Examples:
  quorate decide                          asks, in a terminal
  quorate decide shop.yaml
  quorate decide shop.yaml --json | jq .recommendation
  cat shop.yaml | quorate decide -`;

const simulateExamples = `
Examples:
  quorate simulate async-leader-crash
  quorate simulate mine.yaml --seed 7 --json
  quorate simulate patroni-async --seeds 1..100
  quorate simulate patroni-async --seeds 1..10000 --threads 8 --json
  quorate simulate mine.yaml --until 20000 --trace trace.jsonl
  quorate simulate quorum-double-read --history history.ndjson`;

const sweepExamples = `
Examples:
  quorate sweep outage-by-timeout
  quorate sweep quorums-of-seven --runs 3 --svg quorums.svg
  quorate sweep mine.yaml --threads 8 --out mine.parquet
  quorate sweep mine.yaml --shard 2/7        on the second of seven machines`;

const mergeExamples = `
Examples:
  quorate merge mine.*.part --out mine.parquet --svg mine.svg
  quorate merge mine.*.part --json`;

const findExamples = `
Verdicts: lost-writes, stale-reads, divergence, split-brain, consensus-safety,
certification, update-before-insert, linearizability, discarded-writes,
new-old-inversions, resurrection, read-your-writes, monotonic-reads,
consistent-prefix; a scenario gives those that mean something to its topology.

Examples:
  quorate find semi-sync-leader-crash --violates stale-reads
  quorate find async-leader-crash --violates lost-writes > broken.yaml
  quorate simulate broken.yaml
  quorate find two-leaders --violates discarded-writes --draw clock-skew`;

const checkExamples = `
Models: register, cas-register, key-value, counter, set, queue, list-append.

Examples:
  quorate check history.ndjson
  quorate check etcd_000.log --format jepsen-etcd --json
  quorate check history.edn --model cas-register --consistency sequential

In ndjson each line is an operation, in any order; times are in ms:
  {"client":"a","key":7,"kind":"write","input":1,"outcome":"ok","callMs":0,"returnMs":2.5}
  {"client":"b","key":7,"kind":"read","output":1,"outcome":"ok","callMs":3,"returnMs":4}
outcome: ok happened, fail did not, info may have at any later time.`;

const exploreExamples = `
Examples:
  quorate explore async-leader-crash
  quorate explore semi-sync-leader-crash --depth 100
  quorate explore three-leaders --violates update-before-insert
  quorate explore raft-no-pre-vote --writes 0 --crashes 0 --depth 8 --symmetry`;

const capExamples = `
Examples:
  quorate cap etcd
  quorate cap etcd --side etcd-1 --way out
  quorate cap patroni-async --side pg-1 --for 90000 --json

Classes: CP nothing wrong, some unanswered; AP all answered, some of it wrong;
neither; unforced: this cut made no difference.`;

const compareExamples = `
Examples:
  quorate compare
  quorate compare --workload mine.yaml --markdown
  quorate compare --json | jq '.topologies[] | {name, bestAt}'`;

const electionsExamples = `
Examples:
  quorate elections --one-way 30..40 --timeout 300..600 --failed 1
  quorate elections --one-way 15 --timeout 150..300 --runs 20000 --json
  quorate elections raft-wan-one-down --timeout 300..450
  quorate elections --one-way 2.5 --timeout 150..300 --start crash
                    --logs different --vote-write 5`;

const quorumExamples = `
Latencies are one-way: W a write's way to a replica, A its acknowledgement's way back, R a read's
way there, S its response's way back, each with the replica's own work. Times are in ms:
  5                         always so
  exp(mean)                 exponential; exp(rate=λ) per ms
  pareto(min, shape)        Pareto
  lognormal(median, p99)    log-normal
  uniform(min, max)         evenly between
  0.9*exp(1) + 0.1*exp(20)  one of these, with these weights
remote=75 adds 75 ms to each way of every replica but one.

Examples:
  quorate quorum --n 3 --r 1 --w 1 --latency lnkd-disk
  quorate quorum --n 3 --r 2 --w 1 --latency wan --at 0 50 100 --json
  quorate quorum --n 5 --r 2 --w 2 --latency 'W=exp(10) A=R=S=lognormal(0.3,2)'
  quorate quorum --n 3 --r 1 --w 1 --latency ymmr --engine   the same by the engine`;
