import type { Timeline } from '#engine';

const laneHigh = 34;
const top = 40;
const left = 96;
const wide = 880;

/** Operations as bars, one line a client, and the order in which they can have taken place. Rendered at build, ships no script. */
export default function HistoryView({ id, timeline }: { readonly id: string; readonly timeline: Timeline }) {
  const { fromUs, toUs, lanes, bars, lines, stuckUs, faults } = timeline;
  const x = (us: number) => Math.round((left + ((us - fromUs) / (toUs - fromUs)) * wide) * 10) / 10;
  const middle = (lane: number) => top + lane * laneHigh + laneHigh / 2;
  const high = top + lanes.length * laneHigh + 4;
  const points = (line: readonly number[]) =>
    line.map((at) => `${x(bars[at]!.atUs!)},${middle(bars[at]!.lane)}`).join(' ');
  const stuck = bars.find(({ role }) => role === 'stuck');
  const ms = (us: number) => Math.round(us / 10) / 100;
  return (
    <figure class="history">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="frame" tabIndex={0} aria-label="Operations over time, scrolls sideways">
        <svg
          width={left + wide + 16}
          height={high}
          role="img"
          aria-label={`${bars.length} operations of ${lanes.length} clients; the text below says where they are stuck`}
        >
          {faults.map(({ label, fromUs: from, toUs: to }) => (
            <g key={label}>
              <rect
                class="fault"
                x={x(Math.max(from, fromUs))}
                y={0}
                width={Math.max(2, x(Math.min(to, toUs)) - x(Math.max(from, fromUs)))}
                height={18}
              />
              <text x={x(Math.max(from, fromUs)) + 4} y={13}>
                {label}
              </text>
            </g>
          ))}
          {[0, 0.25, 0.5, 0.75].map((share) => (
            <text class="axis" key={share} x={left + share * wide} y={33}>
              {ms(fromUs + share * (toUs - fromUs))} ms
            </text>
          ))}
          {lanes.map((name, lane) => (
            <text key={name} class="lane" x={0} y={middle(lane) + 4}>
              {name}
            </text>
          ))}
          {bars.map(({ operation, lane, fromUs: from, toUs: to, role, returned, label }) => (
            <g key={operation} id={role === 'stuck' ? `${id}-stuck` : undefined}>
              <rect
                class={`${role}${returned ? '' : ' open'}`}
                x={x(from)}
                y={middle(lane) - 11}
                width={Math.max(3, x(to) - x(from))}
                height={22}
                rx={3}
              >
                <title>{`${lanes[lane]}: ${label}, ${ms(from)} to ${returned ? ms(to) : '…'} ms`}</title>
              </rect>
              {x(to) - x(from) > label.length * 6.5 + 8 && (
                <text class="inside" x={x(from) + 4} y={middle(lane) + 4}>
                  {label}
                </text>
              )}
            </g>
          ))}
          {lines.map((line) => (
            <polyline key={line[0]} class="order" points={points(line)} />
          ))}
          {lines.flat().map((at) => (
            <circle key={at} class="moment" cx={x(bars[at]!.atUs!)} cy={middle(bars[at]!.lane)} r={3} />
          ))}
          {stuckUs !== null && <line class="end" x1={x(stuckUs)} x2={x(stuckUs)} y1={20} y2={high} />}
        </svg>
      </section>
      <figcaption>
        {stuck === undefined ? (
          lines.length > 0 && 'The line goes through all operations in an order that explains every answer.'
        ) : (
          <>
            The line goes through the operations in an order that explains them, up to{' '}
            <a href={`#${id}-stuck`}>the one in red</a>: {lanes[stuck.lane]}, {stuck.label},{' '}
            {ms(stuck.fromUs)} to {ms(stuck.toUs)} ms. Wherever it is put before it returns, somebody was
            answered wrongly. In its way:{' '}
            {bars
              .filter(({ role }) => role === 'concerned')
              .map(
                ({ lane, label, fromUs: from, toUs: to }) =>
                  `${lanes[lane]}, ${label}, ${ms(from)} to ${ms(to)} ms`,
              )
              .join('; ')}
            .
          </>
        )}
      </figcaption>
    </figure>
  );
}
