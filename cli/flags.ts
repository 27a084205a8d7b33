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

function say(bound: number): string {
  return bound.toLocaleString('en');
}
