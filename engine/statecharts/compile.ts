/**
 * A chart's tables as code: what `interpret.ts` looks up as it goes, written out, so that a JavaScript engine sees which
 * guard and which action each call is of.
 */

import { CALLERS_INPUT, type ChartTables, type Parts, RUN, START_TIMER, type Walk } from './tables.ts';

/** Throws EvalError where a content security policy forbids code from text. */
export function compile(tables: ChartTables, parts: Parts): (reference: number) => Walk {
  /** What the code names. */
  const constants = new Map<string, unknown>();
  const constant = (name: string, value: unknown): string => {
    constants.set(name, value);
    return name;
  };
  constant('given', parts.given);
  constant('timers', parts.timers);
  constant('checked', parts.checked);

  const take = (event: number): string => {
    const input =
      event === CALLERS_INPUT ? 'input' : constant(`event${event}`, tables.internalEvents[event]!);
    return `given.context = handle; given.event = ${input};`;
  };
  const call = (name: string, value: unknown, params: unknown): string =>
    `${constant(name, value)}(given, ${constant(`${name}Params`, params)})`;

  const row = (index: number): string => {
    const delays: string[] = [];
    const doing: string[] = [];
    for (let operation = tables.rowStart[index]!; operation < tables.rowStart[index + 1]!; operation++) {
      const [kind, of, event] = tables.operations.slice(operation * 3, operation * 3 + 3);
      if (kind === RUN) {
        const run = call(`action${of}`, parts.actions[of!], tables.actions[of!]!.params);
        doing.push(`${take(event!)} ${run};`);
      } else if (kind === START_TIMER) {
        const delay = parts.delays[of!]!;
        const delayUs = typeof delay === 'number' ? delay : `${constant(`delay${of}`, delay)}(given)`;
        delays.push(`${take(event!)} const delay${operation}Us = checked(${of}, ${delayUs});`);
        doing.push(`timers.startTimer(handle, ${of}, delay${operation}Us);`);
      } else doing.push(`timers.cancelTimer(handle, ${of});`);
    }
    return [
      `function row${index}(handle, input) {`,
      ...delays,
      ...doing,
      `return ${tables.rowNext[index]!};`,
      '}',
    ].join('\n');
  };

  const ask = (test: number): string => {
    const [guard, event, whenTrue, whenFalse] = tables.tests.slice(test * 4, test * 4 + 4);
    const asked = call(`guard${guard}`, parts.guards[guard!], tables.guards[guard!]!.params);
    return [
      `function test${test}(handle, input) {`,
      take(event!),
      `return ${asked} ? ${walk(whenTrue!)}(handle, input) : ${walk(whenFalse!)}(handle, input);`,
      '}',
    ].join('\n');
  };
  const walk = (reference: number): string => (reference < 0 ? `row${~reference}` : `test${reference}`);

  const tests = tables.tests.length / 4;
  const code = [
    ...tables.rowNext.map((_, index) => row(index)),
    ...Array.from({ length: tests }, (_, test) => ask(test)),
    `return { tests: [${Array.from({ length: tests }, (_, test) => `test${test}`)}], rows: [${tables.rowNext.map((_, index) => `row${index}`)}] };`,
  ].join('\n');
  const { rows, tests: asked } = new Function(...constants.keys(), `'use strict';\n${code}`)(
    ...constants.values(),
  ) as { readonly rows: readonly Walk[]; readonly tests: readonly Walk[] };
  return (reference) => (reference < 0 ? rows[~reference]! : asked[reference]!);
}
