import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node';

/** How long nothing may be said while tests run. */
const silentMs = 20_000;

/**
 * Says what runs, how far it has come and what failed, in plain lines; the last is `N passed, N failed`. A test that
 * computes cannot say that it has begun, so what runs is told by file.
 */
export class ProgressReporter implements Reporter {
  private readonly startMs = Date.now();
  private readonly runningSinceMs = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private files = 0;
  private filesDone = 0;
  private passed = 0;
  private failed = 0;

  onTestRunStart(files: readonly TestSpecification[]): void {
    this.files = files.length;
    this.timer = setInterval(() => this.tell(`running: ${this.atWork()}`), silentMs);
  }

  onTestModuleQueued(file: TestModule): void {
    this.runningSinceMs.set(file.relativeModuleId, Date.now());
  }

  onTestModuleEnd(file: TestModule): void {
    this.runningSinceMs.delete(file.relativeModuleId);
    this.filesDone++;
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    if (state === 'passed') this.passed++;
    else if (state === 'failed') this.failed++;
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    this.tell(`${state}: ${test.module.relativeModuleId} > ${test.fullName} (${seconds} s)`);
    for (const error of errors ?? []) console.log(error.stack ?? error.message);
  }

  onTestRunEnd(files: readonly TestModule[], unhandled: readonly { readonly message: string }[]): void {
    clearInterval(this.timer);
    const errors = [...unhandled, ...files.flatMap((file) => file.errors())];
    for (const { message } of errors) console.log(message);
    console.log(`${this.passed} passed, ${this.failed + errors.length} failed`);
  }

  private atWork(): string {
    const nowMs = Date.now();
    return [...this.runningSinceMs]
      .map(([file, sinceMs]) => `${file} (${Math.round((nowMs - sinceMs) / 1000)} s)`)
      .join(', ');
  }

  private tell(what: string): void {
    const seconds = Math.round((Date.now() - this.startMs) / 1000);
    console.log(`[${seconds} s, ${this.filesDone} of ${this.files} files] ${what}`);
  }
}
