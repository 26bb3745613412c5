/** The JSON of lists of services, by name. From one write to the next, most of a list stays as it was. */

import { compareNames } from '../core/names.js';

/** What a service was written as. */
interface Written<V> {
  readonly name: string;
  value: V | undefined;
  json: string;
}

/** So many services may be kept that hold nothing now, besides as many as hold something. */
const KEPT_MAX = 64;

/** Writes such a list, again and again. */
export class WrittenServices<V extends object> {
  readonly #write: (name: string, value: V) => object;
  /** In the order of their names, also some that hold nothing for the time being. */
  #known: readonly Written<V>[] = [];

  /** @param write what a service is written from; for the same value it gives the same */
  constructor(write: (name: string, value: V) => object) {
    this.#write = write;
  }

  /** The JSON of all services of a map. */
  text(map: ReadonlyMap<string, V>): string {
    let parts = this.#parts(map);
    if (parts.length < map.size) {
      this.#learn(map);
      parts = this.#parts(map);
    }
    return `[${parts.join(',')}]`;
  }

  /** What is known of those that the map has. */
  #parts(map: ReadonlyMap<string, V>): string[] {
    const parts: string[] = [];
    for (const known of this.#known) {
      const value = map.get(known.name);
      if (value === undefined) continue;
      if (value !== known.value) {
        known.value = value;
        known.json = JSON.stringify(this.#write(known.name, value));
      }
      parts.push(known.json);
    }
    return parts;
  }

  /** Sorts in whoever was not known. */
  #learn(map: ReadonlyMap<string, V>): void {
    const isWorthKeeping = this.#known.length <= 2 * map.size + KEPT_MAX;
    const known = this.#known.filter(({ name }) => isWorthKeeping || map.has(name));
    const names = new Set(known.map(({ name }) => name));
    for (const name of map.keys()) {
      if (!names.has(name)) known.push({ name, value: undefined, json: '' });
    }
    this.#known = known.sort((a, b) => compareNames(a.name, b.name));
  }
}
