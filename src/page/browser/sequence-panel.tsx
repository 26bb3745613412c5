/** The messages as a sequence between actors; choosing one shows everything as it was then. */

import { useMemo, useRef, useState } from 'preact/hooks';
import { compareActors } from '../actor-tree.js';
import { passes, type RowFilter, type SequenceRow, type SequenceRows } from '../sequence-rows.js';
import { SequenceList } from './sequence-list.js';

const ALL: RowFilter = { actor: '', service: '' };

export function SequencePanel(props: {
  /** Has read the recording up to `end`. */
  readonly sequence: SequenceRows;
  readonly end: number;
  readonly chosen: SequenceRow | null;
  readonly onChoose: (row: SequenceRow | null) => void;
}) {
  const { sequence, end, chosen, onChoose } = props;
  const [filter, setFilter] = useState(ALL);
  const [isFollowing, setFollowing] = useState(true);
  // Every line may bring a row, or tell more of an old one.
  const rows = useMemo(
    () => (filter === ALL ? sequence.rows : sequence.rows.filter((row) => passes(row, filter))),
    [sequence, filter, end],
  );
  const chosenIndex = chosen === null ? -1 : rows.findIndex(({ first }) => first === chosen.first);
  const isLive = chosen === null && isFollowing;
  const behind = chosenIndex === -1 ? 0 : rows.length - 1 - chosenIndex;
  const choose = (row: SequenceRow | undefined) => {
    if (row !== undefined) onChoose(row);
  };
  const goOn = () => {
    onChoose(null);
    setFollowing(true);
  };
  return (
    <section class="panel sequence" aria-labelledby="sequence-title">
      <header>
        <h2 id="sequence-title">Messages</h2>
        <Filters filter={filter} rows={sequence.rows} onFilter={setFilter} />
        <span class="faint" role="status">
          {filter === ALL ? `${rows.length}` : `${rows.length} of ${sequence.rows.length}`}
          {behind > 0 && `, ${behind} after this one`}
        </span>
        {isLive ? (
          <button type="button" onClick={() => choose(rows.at(-1))}>
            Pause
          </button>
        ) : (
          <button type="button" class="go-on" onClick={goOn}>
            Go on
          </button>
        )}
      </header>
      <SequenceList
        rows={rows}
        chosenIndex={chosenIndex}
        isFollowing={isLive}
        onChoose={choose}
        onFollow={setFollowing}
      />
    </section>
  );
}

function Filters(props: {
  readonly filter: RowFilter;
  readonly rows: readonly SequenceRow[];
  readonly onFilter: (filter: RowFilter) => void;
}) {
  const { filter, rows, onFilter } = props;
  const actors = useNames(rows, 'actors');
  const services = useNames(rows, 'services');
  const change = (part: Partial<RowFilter>) => {
    const next = { ...filter, ...part };
    onFilter(next.actor === '' && next.service === '' ? ALL : next);
  };
  return (
    <>
      <select
        aria-label="Only messages of this actor"
        value={filter.actor}
        onChange={({ currentTarget }) => change({ actor: currentTarget.value })}
      >
        <option value="">all actors</option>
        {actors.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Only what is about this service"
        placeholder="all services"
        list="services"
        value={filter.service}
        onInput={({ currentTarget }) => change({ service: currentTarget.value.trim() })}
      />
      <datalist id="services">
        {services.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

/** Names that rows have had so far; looks at each row once. */
function useNames(rows: readonly SequenceRow[], of: 'actors' | 'services'): string[] {
  const known = useRef({ rows, names: new Set<string>(), last: -1 });
  if (known.current.rows !== rows) known.current = { rows, names: new Set(), last: -1 };
  const { names } = known.current;
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index];
    if (row === undefined || row.first <= known.current.last) break;
    for (const name of row[of]) names.add(name);
  }
  known.current.last = rows.at(-1)?.first ?? -1;
  return [...names].sort(compareActors);
}
