import { styleText } from 'node:util';
import type { Io } from '../io.ts';

/** Colour for a terminal. Nothing may be said by colour alone. */
export interface Paint {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

type Style = 'bold' | 'green' | 'red' | 'dim';

const plain: Paint = { heading: same, good: same, bad: same, faint: same };

const colourful: Paint = {
  heading: styled('bold'),
  good: styled('green'),
  bad: styled('red'),
  faint: styled('dim'),
};

export function paintFor({ stdout, env }: Pick<Io, 'stdout' | 'env'>): Paint {
  // no-color.org: any value but the empty one turns colour off.
  const isWanted = stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return isWanted ? colourful : plain;
}

function same(text: string): string {
  return text;
}

function styled(style: Style): (text: string) => string {
  return (text) => styleText(style, text, { validateStream: false });
}
