import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { dottedVersionVectors as dotted, versionVectors as plain } from '#engine';
import { formatNumber } from '../lib/figures.ts';

type VersionVector = plain.VersionVector;

/** What two stores hold of one key after the same writes, and what each client has read of each of them. */
interface State {
  readonly writes: number;
  readonly plain: plain.Siblings<string>;
  readonly dotted: ReturnType<typeof dotted.write<string>>;
  readonly seen: Readonly<Record<string, { readonly plain: VersionVector; readonly dotted: VersionVector }>>;
}

const server = 'a';
const clients = ['Ann', 'Ben'] as const;
const start: State = { writes: 0, plain: { vector: [], values: [] }, dotted: dotted.empty, seen: {} };
const valuesShown = 6;

/** A client writes what comes after what it has read, and reads what there is then. */
function written(state: State, client: string): State {
  const writes = state.writes + 1;
  const value = `${client} ${writes}`;
  const seen = state.seen[client] ?? { plain: [], dotted: [] };
  const plainNow = plain.storeSibling(state.plain, value, seen.plain, server);
  const dottedNow = dotted.write(state.dotted, value, seen.dotted, server);
  const read = { plain: plainNow.vector, dotted: dotted.contextOf(dottedNow) };
  return { writes, plain: plainNow, dotted: dottedNow, seen: { ...state.seen, [client]: read } };
}

function inTurn(state: State, writes: number): State {
  let next = state;
  for (let done = 0; done < writes; done++) next = written(next, clients[next.writes % clients.length]!);
  return next;
}

const opening = inTurn(start, 101);

/** One server, two clients that write in turn: siblings with one vector for all values, and with a dot for each. */
export default function SiblingCounter() {
  const state = useSignal(opening);
  const isAwake = useSignal(false);
  useEffect(() => {
    isAwake.value = true;
  }, [isAwake]);
  const heading = useId();
  const { writes } = state.value;
  const stores = [
    {
      name: 'One version vector for all',
      vector: state.value.plain.vector,
      values: state.value.plain.values,
    },
    {
      name: 'A dot for each value',
      vector: dotted.contextOf(state.value.dotted),
      values: dotted.valuesOf(state.value.dotted),
    },
  ];
  return (
    <section class="staleness siblings" id="siblings" aria-labelledby={heading}>
      <h3 id={heading}>Two clients write one key in turn</h3>
      <p class="hint">
        Each writes, reads what is there, and later writes again, without having seen the other’s last write.
      </p>
      {isAwake.value && (
        <p class="row">
          {clients.map((client) => (
            <button
              key={client}
              class="button small"
              type="button"
              onClick={() => {
                state.value = written(state.value, client);
              }}
            >
              {client} writes
            </button>
          ))}
          <button
            class="button small"
            type="button"
            onClick={() => {
              state.value = inTurn(state.value, 10);
            }}
          >
            Ten more, in turn
          </button>
          <button
            class="button small"
            type="button"
            onClick={() => {
              state.value = start;
            }}
          >
            Start over
          </button>
        </p>
      )}
      <p role="status">
        After {formatNumber(writes)} {writes === 1 ? 'write' : 'writes'}:
      </p>
      <dl class="figures">
        {stores.map(({ name, vector, values }) => (
          <div key={name}>
            <dt>
              {name},{' '}
              {vector.length === 0 ? 'empty' : vector.map(([id, counter]) => `${id}: ${counter}`).join(', ')}
              <br />
              {values.slice(0, valuesShown).join(', ')}
              {values.length > valuesShown && ' …'}
            </dt>
            <dd>
              {formatNumber(values.length)} <small>{values.length === 1 ? 'value' : 'siblings'}</small>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
