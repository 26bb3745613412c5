/** The JSON of lists of services, by name. From one write to the next, most of a list stays as it was. */

import { LayeredMap } from '../core/layered-map.js';
import { compareNames } from '../core/names.js';

/** What a service was written as. */
interface Written<V> {
  readonly name: string;
  /** `undefined` = it holds nothing now, and its text is empty. */
  value: V | undefined;
  json: string;
}

/** Services whose names follow each other, and the JSON of all of them, with commas between. */
interface Chunk<V> {
  readonly services: readonly Written<V>[];
  json: string;
}

/** So many services are joined together; of a list of thousands, a few such pieces change in a write. */
const CHUNK_SIZE = 64;

/** So many services may be kept that hold nothing now, besides as many as hold something. */
const KEPT_MAX = 64;

/** Writes such a list, again and again. */
export class WrittenServices<V extends object> {
  readonly #write: (name: string, value: V) => object;
  /** What was written last. */
  #map = LayeredMap.of<string, V>();
  /** In the order of their names, also some services that hold nothing for the time being. */
  #chunks: readonly Chunk<V>[] = [];
  /** Where each service is. */
  #places: ReadonlyMap<string, readonly [Written<V>, Chunk<V>]> = new Map();

  /** @param write what a service is written from; for the same value it gives the same */
  constructor(write: (name: string, value: V) => object) {
    this.#write = write;
  }

  /** The JSON of all services of a map. */
  text(map: LayeredMap<string, V>): string {
    const changed = map.changedSince(this.#map);
    this.#map = map;
    if (!this.#update(map, changed ?? new Set([...map.keys(), ...this.#places.keys()]))) {
      this.#learn(map);
    }
    return `[${joined(this.#chunks)}]`;
  }

  /** Writes those anew that changed. @returns whether all of them were known */
  #update(map: LayeredMap<string, V>, names: ReadonlySet<string>): boolean {
    const touched = new Set<Chunk<V>>();
    for (const name of names) {
      const value = map.get(name);
      const place = this.#places.get(name);
      if (place === undefined && value !== undefined) return false;
      if (place !== undefined && this.#put(place[0], value)) touched.add(place[1]);
    }
    for (const chunk of touched) chunk.json = joined(chunk.services);
    return true;
  }

  /** Sorts in whoever was not known. */
  #learn(map: LayeredMap<string, V>): void {
    const isWorthKeeping = this.#places.size <= 2 * map.size + KEPT_MAX;
    const names = new Set(isWorthKeeping ? [...map.keys(), ...this.#places.keys()] : map.keys());
    const services = [...names].sort(compareNames).map((name): Written<V> => {
      const service = this.#places.get(name)?.[0] ?? { name, value: undefined, json: '' };
      this.#put(service, map.get(name));
      return service;
    });
    const chunks: Chunk<V>[] = [];
    for (let start = 0; start < services.length; start += CHUNK_SIZE) {
      const some = services.slice(start, start + CHUNK_SIZE);
      chunks.push({ services: some, json: joined(some) });
    }
    this.#chunks = chunks;
    this.#places = new Map(
      chunks.flatMap((chunk) =>
        chunk.services.map((service) => [service.name, [service, chunk]] as const),
      ),
    );
  }

  /** @returns whether its text is another now */
  #put(service: Written<V>, value: V | undefined): boolean {
    if (service.value === value) return false;
    service.value = value;
    service.json = value === undefined ? '' : JSON.stringify(this.#write(service.name, value));
    return true;
  }
}

function joined(pieces: readonly { readonly json: string }[]): string {
  const texts: string[] = [];
  for (const { json } of pieces) if (json !== '') texts.push(json);
  return texts.join(',');
}
