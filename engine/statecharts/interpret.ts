/** A chart's tables walked as they are: what each walk does is looked up as it goes. */

import { CALLERS_INPUT, type ChartTables, type Parts, RUN, START_TIMER, type Walk } from './tables.ts';

export function interpret(tables: ChartTables, parts: Parts): (reference: number) => Walk {
  const { given, timers, checked } = parts;
  const { internalEvents } = tables;
  const whenTrue = column(tables.tests, 4, 2);
  const whenFalse = column(tables.tests, 4, 3);
  const testEvent = column(tables.tests, 4, 1);
  const guardOfTest = column(tables.tests, 4, 0);
  const testGuard = Array.from(guardOfTest, (guard) => parts.guards[guard]!);
  const testParams = Array.from(guardOfTest, (guard) => tables.guards[guard]!.params);
  const rowNext = Int32Array.from(tables.rowNext);
  const rowStart = Int32Array.from(tables.rowStart);
  const operationKind = column(tables.operations, 3, 0);
  const operationIndex = column(tables.operations, 3, 1);
  const operationEvent = column(tables.operations, 3, 2);
  const operationAction = Array.from(operationIndex, (index, operation) =>
    operationKind[operation] === RUN ? parts.actions[index]! : null,
  );
  const operationParams = Array.from(operationIndex, (index, operation) =>
    operationKind[operation] === RUN ? tables.actions[index]!.params : undefined,
  );
  const startsTimers = Uint8Array.from(tables.rowNext, (_, row) =>
    operationKind.subarray(rowStart[row]!, rowStart[row + 1]!).includes(START_TIMER) ? 1 : 0,
  );

  // Delays of the rows now running, innermost last: a row reads all of its delays before its first action, and an
  // action may step another handle, whose row then reads its own.
  const readDelays: number[] = [];
  let readDelaysCount = 0;

  function take(event: number, handle: unknown, input: unknown): void {
    given.context = handle;
    given.event = event === CALLERS_INPUT ? input : internalEvents[event]!;
  }

  function runOperation(operation: number, handle: unknown, input: unknown): void {
    const action = operationAction[operation]!;
    if (action === null) {
      timers.cancelTimer(handle, operationIndex[operation]!);
      return;
    }
    // For each action anew, since the one before may have stepped another handle.
    take(operationEvent[operation]!, handle, input);
    action(given, operationParams[operation]);
  }

  function runRowWithTimers(row: number, handle: unknown, input: unknown): void {
    const first = rowStart[row]!;
    const end = rowStart[row + 1]!;
    const base = readDelaysCount;
    try {
      for (let operation = first; operation < end; operation++) {
        if (operationKind[operation] !== START_TIMER) continue;
        take(operationEvent[operation]!, handle, input);
        const slot = operationIndex[operation]!;
        const delay = parts.delays[slot]!;
        readDelays[readDelaysCount++] = checked(slot, typeof delay === 'number' ? delay : delay(given));
      }
      let next = base;
      for (let operation = first; operation < end; operation++) {
        if (operationKind[operation] === START_TIMER)
          timers.startTimer(handle, operationIndex[operation]!, readDelays[next++]!);
        else runOperation(operation, handle, input);
      }
    } finally {
      readDelaysCount = base;
    }
  }

  return (reference) => (handle, input) => {
    let at = reference;
    while (at >= 0) {
      take(testEvent[at]!, handle, input);
      at = testGuard[at]!(given, testParams[at]) ? whenTrue[at]! : whenFalse[at]!;
    }
    const row = ~at;
    if (startsTimers[row] === 1) runRowWithTimers(row, handle, input);
    else {
      const end = rowStart[row + 1]!;
      for (let operation = rowStart[row]!; operation < end; operation++)
        runOperation(operation, handle, input);
    }
    return rowNext[row]!;
  };
}

function column(table: readonly number[], width: number, offset: number): Int32Array {
  return Int32Array.from({ length: table.length / width }, (_, index) => table[index * width + offset]!);
}
