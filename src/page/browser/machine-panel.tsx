/** The machine: every node with its cores, each CPU with its owner, and hugepages as bars. */

import { memo } from 'preact/compat';
import { useMemo, useRef } from 'preact/hooks';
import { counted } from '../../words/counted.js';
import { formatMemory, formatPageSize } from '../../words/sizes.js';
import {
  type CpuCell,
  type DrawnNodes,
  type MachinePicture,
  machinePicture,
  type NodePicture,
  type PageBar,
} from '../machine-picture.js';
import type { Moment } from '../moment.js';
import { type OwnerLook, OwnerLooks } from '../owners.js';

export function MachinePanel({ moment }: { readonly moment: Moment }) {
  const looks = useRef(new OwnerLooks());
  const drawn = useRef<DrawnNodes>(new Map());
  const picture = useMemo(() => machinePicture(moment, looks.current, drawn.current), [moment]);
  return (
    <section class="panel machine" aria-labelledby="machine-title">
      <header>
        <h2 id="machine-title">Machine</h2>
        <Legend picture={picture} />
      </header>
      <div class="body">
        {picture.nodes.length === 0 && <p class="empty">Nothing is known of the machine yet.</p>}
        {picture.nodes.map((node) => (
          <NodeCard key={node.title} node={node} />
        ))}
      </div>
    </section>
  );
}

function Legend({ picture: { legend, counts } }: { readonly picture: MachinePicture }) {
  return (
    <ul class="legend" aria-label="Whose CPUs">
      {legend.map(({ owner, cpuCount }) => (
        <li key={owner.name} title={owner.name}>
          <span class={`cpu owned owner-${owner.colour}`}>{owner.mark}</span>
          <span class="name">{owner.name}</span> {cpuCount}
        </li>
      ))}
      <li>
        <span class="cpu free" /> free {counts.free}
      </li>
      {counts.offline > 0 && (
        <li>
          <span class="cpu offline" /> offline {counts.offline}
        </li>
      )}
      {counts.unpooled > 0 && (
        <li>
          <span class="cpu unpooled" /> in no pool {counts.unpooled}
        </li>
      )}
      {counts.closed > 0 && (
        <li>
          <span class="cpu unpooled" /> in a closed pool {counts.closed}
        </li>
      )}
    </ul>
  );
}

/** Of a node that is as it was, the picture is the same object. */
const NodeCard = memo(({ node }: { readonly node: NodePicture }) => {
  const { title, isPresent, memoryKb, onlineCount, cpuCount, cores, pages } = node;
  const offlineCount = cpuCount - onlineCount;
  return (
    <article class="node" aria-label={title}>
      <h3>
        {title}
        <span class="faint">
          {isPresent ? '' : ' · gone, still holding claims'}
          {memoryKb === null ? '' : ` · ${formatMemory(memoryKb)}`}
          {` · ${counted(cpuCount, 'CPU')}`}
          {offlineCount > 0 ? `, ${offlineCount} offline` : ''}
        </span>
      </h3>
      <div class="cores">
        {cores.map((core) => (
          <span key={core[0]?.cpu} class="core">
            {core.map((cell) => (
              <Cpu key={cell.cpu} cell={cell} />
            ))}
          </span>
        ))}
      </div>
      {pages.map((bar) => (
        <Pages key={bar.sizeKb} bar={bar} />
      ))}
    </article>
  );
});

function Cpu({ cell }: { readonly cell: CpuCell }) {
  const { cpu, owner, isExplicit, isOnline, hasChanged, words } = cell;
  const kinds = [
    'cpu',
    ownership(cell),
    isExplicit ? 'explicit' : '',
    isOnline ? '' : 'offline',
    hasChanged ? 'changed' : '',
  ];
  return (
    <span
      class={kinds.filter((kind) => kind !== '').join(' ')}
      role="img"
      aria-label={words}
      title={words}
      data-cpu={cpu}
      data-owner={owner?.name}
    >
      <span class="number">{cpu}</span>
      {owner !== null && <span class="mark">{owner.mark}</span>}
    </span>
  );
}

/** Whose it is, and what is nobody's: to be had or not. */
function ownership({ owner, pool, isClosed }: CpuCell): string {
  if (owner !== null) return `owned owner-${owner.colour}`;
  return pool === null || isClosed ? 'unpooled' : 'free';
}

function Pages({ bar }: { readonly bar: PageBar }) {
  const { sizeKb, total, used, reserved, free, recorded, shortfall, records } = bar;
  const share = (count: number) => ({ flexGrow: count, flexBasis: 0 });
  return (
    <div class="pages">
      <span class="size">{formatPageSize(sizeKb)}</span>
      {total > 0 && (
        <span class="bar" aria-hidden="true">
          {used > 0 && <span class="used" style={share(used)} />}
          {reserved > 0 && <span class="reserved" style={share(reserved)} />}
          {free > 0 && <span class="free" style={share(free)} />}
        </span>
      )}
      <span class="numbers">
        {total === 0 ? 'none' : `${used} used, ${recorded} recorded, ${free} free of ${total}`}
        {shortfall > 0 && <strong class="short"> {shortfall} too few</strong>}
        {records.map(({ owner, count }) => (
          <Record key={owner.name} owner={owner} count={count} />
        ))}
      </span>
    </div>
  );
}

function Record({ owner, count }: { readonly owner: OwnerLook; readonly count: number }) {
  return (
    <span class="record" title={`${owner.name}: ${count} on record`}>
      <span class={`cpu owned owner-${owner.colour}`}>{owner.mark}</span>
      {count}
    </span>
  );
}
