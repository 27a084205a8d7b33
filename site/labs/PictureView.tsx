import { useComputed } from '@preact/signals';
import type { Box } from './geometry.ts';
import { barWidth, type LinkPicture, type NodePicture, type Picture } from './picture.ts';

interface Props {
  readonly picture: Picture;
  /** A click on a link; the same can be done with the buttons beside the picture. */
  readonly onLink?: (a: string, b: string) => void;
}

/** The cluster at one instant. Drawn once: from then on signals write its attributes. Its dots and hatching are defined in `Sprite.astro`. */
export function PictureView({ picture, onLink }: Props) {
  const { geometry } = picture;
  const box = (id: string) => geometry.boxes.get(id)!;
  return (
    <svg
      class="picture"
      viewBox={`0 0 ${geometry.width} ${geometry.height}`}
      role="img"
      aria-label={picture.sentence}
      data-testid="picture"
    >
      {picture.links.map((link) => (
        <LinkView key={link.line.id} link={link} onLink={onLink} />
      ))}
      <Dots picture={picture} />
      {picture.clients.map(({ id, text }) => (
        <Bar key={id} box={box(id)} name={id} kind="clients" text={text} />
      ))}
      {picture.nodes.map((node) => (
        <NodeView key={node.id} node={node} box={box(node.id)} />
      ))}
      {picture.helpers.map(({ id, text }) => (
        <Bar
          key={id}
          box={box(id)}
          name={id === 'manager' ? 'failover manager' : id}
          kind="manager"
          text={text}
        />
      ))}
    </svg>
  );
}

/** Drawn again only when more messages than ever before are on their way. */
function Dots({ picture }: { picture: Picture }) {
  return (
    <g class="dots">
      {picture.dots.slice(0, picture.dotCount.value).map((dot, index) => (
        <use key={index} href={dot.shape} transform={dot.transform} />
      ))}
    </g>
  );
}

/** A bar that shares its row says its words in two lines. */
function Bar({ box, name, kind, text }: { box: Box; name: string; kind: string; text: { value: string } }) {
  const middle = box.height / 2 + 4.5;
  const twoLines = box.width < 300;
  return (
    <g class={`bar ${kind}`} transform={`translate(${box.x} ${box.y})`}>
      <rect class="body" width={box.width} height={box.height} rx="6" />
      <text class="name" x="12" y={twoLines ? middle - 8 : middle}>
        {name}
      </text>
      {twoLines ? (
        <text class="status" x="12" y={middle + 8}>
          {text}
        </text>
      ) : (
        <text class="status" x={box.width - 12} y={middle} text-anchor="end">
          {text}
        </text>
      )}
    </g>
  );
}

function NodeView({ node, box }: { node: NodePicture; box: Box }) {
  return (
    <g class={node.className} transform={`translate(${box.x} ${box.y})`} data-node={node.id}>
      <rect class="body" width={box.width} height={box.height} rx="8" />
      <rect class="veil" width={box.width} height={box.height} rx="8" />
      <path class="crown" d="M12 27V15l5 5 5-8 5 8 5-5v12Z" />
      <text
        class={`name ${node.id.length > 10 ? 'longest' : node.id.length > 4 ? 'long' : ''}`}
        x="12"
        y="28"
      >
        {node.id}
      </text>
      <text class="role" x={box.width - 12} y="22" text-anchor="end">
        {node.role}
      </text>
      <text class="region" x={box.width - 12} y="36" text-anchor="end">
        {node.region}
      </text>
      <text class="status" x="12" y="55">
        {node.status}
      </text>
      {node.bars.map(({ name, width, text }, index) => (
        <g key={name} class={`log ${name.replace(' ', '-')}`} transform={`translate(12 ${64 + index * 20})`}>
          <text class="letter" x="0" y="9">
            {name}
          </text>
          <rect class="track" x="0" y="13" width={barWidth} height="3" rx="1.5" />
          <rect class="fill" x="0" y="13" width={width} height="3" rx="1.5" />
          <text class="lsn" x={barWidth} y="9" text-anchor="end">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

function LinkView({ link, onLink }: { link: LinkPicture; onLink: Props['onLink'] }) {
  const { a, b, start, end, replication } = link.line;
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  const markShown = useComputed(() => (link.cut.value ? 'visible' : 'hidden'));
  const across = start.y === end.y;
  const label = across
    ? { x: middle.x, y: middle.y - 12, anchor: 'middle' }
    : labelBeside(start, end, middle);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for the mouse; the buttons beside the picture do the same
    <g class={link.className} data-link={link.line.id} onClick={() => onLink?.(a, b)}>
      <line class="wire" x1={start.x} y1={start.y} x2={end.x} y2={end.y} />
      <g class="mark" visibility={markShown} transform={`translate(${middle.x} ${middle.y})`}>
        <circle r="9" />
        <path d="M-4-4 4 4M4-4-4 4" />
      </g>
      <text class="label" x={label.x} y={label.y} text-anchor={label.anchor}>
        {link.label}
      </text>
      <line class="grip" x1={start.x} y1={start.y} x2={end.x} y2={end.y}>
        <title>
          {replication ? 'replication' : 'traffic'} between {a} and {b}
        </title>
      </line>
    </g>
  );
}

/** Outside the line: left of one that leans left, right of one that leans right. */
function labelBeside(start: { x: number }, end: { x: number }, middle: { x: number; y: number }) {
  return end.x < start.x - 4
    ? { x: middle.x - 14, y: middle.y + 4, anchor: 'end' }
    : { x: middle.x + 14, y: middle.y + 4, anchor: 'start' };
}
