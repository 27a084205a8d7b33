/** A fencing device: it cuts a machine's power when it is told to, and says so once the machine is off for sure (STONITH). */

import type { Input, Out } from '../../kernel/protocol.ts';
import { MESSAGE_BYTES, NOTE_POWERED_OFF, OFF } from './messages.ts';

export interface Power {
  /** Configuration of the power chart. */
  mode: number;
  /** How long it takes. */
  readonly powerOffUs: number;
  /** The machine it is about to cut off, and who asked; −1 for none. */
  machine: number;
  askedBy: number;
}

export function newPower(powerOffUs: number): Power {
  return { mode: 0, powerOffUs, machine: -1, askedBy: -1 };
}

/** What the power chart sees as its context. */
export interface Switching {
  power: Power;
  input: Input;
  out: Out;
}

export function noteOrder({ power, input }: Switching): void {
  power.machine = input.a;
  power.askedBy = input.from;
}

export function cutPower({ power, out }: Switching): void {
  out.note(NOTE_POWERED_OFF, power.machine, 0, 0, 0);
  out.powerOff(power.machine);
}

export function sayOff({ power, out }: Switching): void {
  out.send(power.askedBy, OFF, power.machine, 0, 0, 0, 0, MESSAGE_BYTES);
}
