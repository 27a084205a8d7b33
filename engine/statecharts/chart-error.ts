import type { Reference } from './tables.ts';

/** A machine that cannot be lowered: which machine and state, what is in the way, and what to write instead. */
export class ChartError extends Error {
  readonly machine: string;
  /** Dotted path of the state, '' for the root. */
  readonly state: string;
  readonly construct: string;
  readonly hint: string;

  constructor(refusal: { machine: string; state: string; construct: string; hint: string }) {
    const { machine, state, construct, hint } = refusal;
    super(
      `Chart '${machine}', ${state === '' ? 'root' : `state '${state}'`}: ${construct} cannot be lowered. ${hint}`,
    );
    this.name = 'ChartError';
    this.machine = machine;
    this.state = state;
    this.construct = construct;
    this.hint = hint;
  }
}

/** A guard's answer. `event` is the type of the internal event it was asked for, or undefined for the caller's. */
export interface GuardAnswer {
  readonly guard: Reference;
  readonly event: string | undefined;
  readonly answer: boolean;
}

/** One macrostep: the caller's event, `xstate.init` at the start, and what its guards answered. */
export interface TrailStep {
  readonly event: string;
  readonly guards: readonly GuardAnswer[];
}

/** A chart whose macrostep has no end. `trail` leads there from the start, and its last step is the endless one. */
export class EndlessChartError extends ChartError {
  readonly trail: readonly TrailStep[];

  constructor(machine: string, where: string, trail: readonly TrailStep[]) {
    const given = trail.at(-1)!.guards.map(({ guard, answer }) => `${answer ? '' : 'not '}'${guard.name}'`);
    super({
      machine,
      state: '',
      construct: `an \`always\` or \`raise\` without end, ${where}${given.length === 0 ? '' : ` given ${given.join(', ')}`},`,
      hint: 'Let a guard or a state end it that no longer holds after the transition.',
    });
    this.name = 'EndlessChartError';
    this.trail = trail;
  }
}
