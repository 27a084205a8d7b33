/** A fencing device: it waits for an order, and a moment later the machine is off. */
import { setup } from 'xstate';
import { cutPower, noteOrder, type Switching, sayOff } from './power.ts';

export const powerChart = setup({
  types: {} as { context: Switching; input: Switching; events: { type: 'order' } },
  actions: {
    'note order': ({ context }) => noteOrder(context),
    'cut its power': ({ context }) => cutPower(context),
    'say that it is off': ({ context }) => sayOff(context),
  },
  delays: { 'power off': ({ context }) => context.power.powerOffUs },
}).createMachine({
  id: 'power',
  context: ({ input }) => input,
  initial: 'ready',
  states: {
    ready: { on: { order: { target: 'switching', actions: 'note order' } } },
    // An order that comes meanwhile is given again by whoever has not heard that it was done.
    switching: {
      after: { 'power off': { target: 'ready', actions: ['cut its power', 'say that it is off'] } },
    },
  },
});
