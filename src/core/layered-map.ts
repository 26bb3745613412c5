/**
 * A map that never changes, of which a copy with a few changes is cheap: most of it is shared with
 * the map that it came from.
 */

/** A base, and what was otherwise when the next was made. */
interface Origin<K, V> {
  readonly base: ReadonlyMap<K, V>;
  readonly changes: ReadonlyMap<K, V | undefined>;
}

/** Behaves as the `Map` of the same entries does, but for their order, which means nothing. */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  /** Shared by many maps, and changed by none. */
  private readonly base: ReadonlyMap<K, V>;
  /** What is otherwise here; `undefined` = not here. */
  private readonly changes: ReadonlyMap<K, V | undefined>;
  /** What {@link base} was made from; only one step back, so that old ones are not kept. */
  private readonly origin: Origin<K, V> | null;
  readonly size: number;

  private constructor(
    base: ReadonlyMap<K, V>,
    changes: ReadonlyMap<K, V | undefined>,
    origin: Origin<K, V> | null,
    size: number,
  ) {
    this.base = base;
    this.changes = changes;
    this.origin = origin;
    this.size = size;
  }

  static of<K, V>(entries: Iterable<readonly [K, V]> = []): LayeredMap<K, V> {
    const base = new Map(entries);
    return new LayeredMap(base, new Map(), null, base.size);
  }

  /** The map after these changes, the later of one key last; `undefined` takes a key out. */
  with(entries: Iterable<readonly [K, V | undefined]>): LayeredMap<K, V> {
    const changes = new Map(this.changes);
    for (const [key, value] of entries) changes.set(key, value);
    // A new base costs as much as it has entries, and each change as many as there were before it.
    if (changes.size ** 2 > this.base.size) return this.onNewBase(changes);
    let size = this.base.size;
    for (const [key, value] of changes) {
      size += Number(value !== undefined) - Number(this.base.has(key));
    }
    return new LayeredMap(this.base, changes, this.origin, size);
  }

  private onNewBase(changes: ReadonlyMap<K, V | undefined>): LayeredMap<K, V> {
    const base = new Map<K, V>();
    for (const [key, value] of this.base) if (!changes.has(key)) base.set(key, value);
    for (const [key, value] of changes) if (value !== undefined) base.set(key, value);
    const origin = { base: this.base, changes };
    return new LayeredMap(base, new Map(), origin, base.size);
  }

  /**
   * The keys of which this map may have something else than another, which it may come from: all of which
   * it has, and some more. `null` = it would take as long to find them as to look at all.
   */
  changedSince(other: LayeredMap<K, V>): ReadonlySet<K> | null {
    const keys = new Set(this.changes.keys());
    for (const key of other.changes.keys()) keys.add(key);
    if (this.base === other.base) return keys;
    if (this.origin?.base !== other.base) return null;
    for (const key of this.origin.changes.keys()) keys.add(key);
    return keys;
  }

  get(key: K): V | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.base) if (!this.changes.has(key)) yield [key, value];
    for (const [key, value] of this.changes) if (value !== undefined) yield [key, value];
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}
