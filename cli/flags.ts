import { InvalidArgumentError } from 'commander';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** A parser for a flag that takes a whole number; anything else is told apart from the flag's other mistakes. */
export function wholeNumber({ least, most }: Bounds): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${say(least)} to ${say(most)}.`);
  };
}

/** A parser for a flag that takes milliseconds of virtual time. */
export function milliseconds({ least, most }: Bounds): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected milliseconds from ${say(least)} to ${say(most)}.`);
  };
}

/** A parser for a flag that takes times, as 0 5 10 or 0,5,10; gathers those of one flag. */
export function times({
  least,
  most,
}: Bounds): (text: string, before: readonly number[] | undefined) => number[] {
  const one = milliseconds({ least, most });
  return (text, before) => [...(before ?? []), ...text.split(',').map(one)];
}

/** A parser for a flag that takes a probability; `open` leaves out 0 and 1. */
export function probability({ open }: { readonly open: boolean }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isInside = open ? value > 0 && value < 1 : value >= 0 && value <= 1;
    if (/^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/.test(text) && isInside) return value;
    throw new InvalidArgumentError(
      `Expected a number ${open ? 'between 0 and 1, neither of them' : 'from 0 to 1'}, such as ${open ? '0.999' : '0.01'}.`,
    );
  };
}

export interface Milliseconds {
  readonly least: number;
  readonly most: number;
}

/** A parser for a flag that takes milliseconds of virtual time from one to another, as 30..40, or one that is always so. */
export function millisecondsRange({ least, most }: Bounds): (text: string) => Milliseconds {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(text);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (from >= least && from <= to && to <= most) return { least: from, most: to };
    throw new InvalidArgumentError(
      `Expected milliseconds from ${say(least)} to ${say(most)}, as 15 or 30..40, the smaller first.`,
    );
  };
}

export interface Seeds {
  readonly least: number;
  readonly most: number;
}

/** A parser for a flag that takes seeds from one to another, as 1..100; at most so many. */
export function seedsRange({ most }: { readonly most: number }): (text: string) => Seeds {
  return (text) => {
    const match = /^(\d+)\.\.(\d+)$/.exec(text);
    const from = Number(match?.[1]);
    const to = Number(match?.[2]);
    if (from <= to && to <= Number.MAX_SAFE_INTEGER && to - from < most) return { least: from, most: to };
    throw new InvalidArgumentError(
      `Expected seeds from one to another, as 1..100, the smaller first and at most ${say(most)} of them.`,
    );
  };
}

/** A parser for a flag that names a part of several, as 2/7. */
export function part({ most }: { readonly most: number }): (text: string) => { index: number; of: number } {
  return (text) => {
    const match = /^(\d+)\/(\d+)$/.exec(text);
    const index = Number(match?.[1]);
    const of = Number(match?.[2]);
    if (index >= 1 && index <= of && of <= most) return { index, of };
    throw new InvalidArgumentError(
      `Expected a part and of how many, from 1/1 to ${say(most)}/${say(most)}, as 2/7.`,
    );
  };
}

function say(bound: number): string {
  return bound.toLocaleString('en');
}
