/**
 * A state directory whose copies are damaged before a start, and the two things that may follow:
 * exactly the known state is served and both copies are whole again, or the start is refused and
 * both are left as they are.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { openStateDirectory } from '../../src/state/state-directory.js';
import { parseState } from '../../src/state/state-format.js';
import { copyPaths } from '../../src/state/state-names.js';
import { StateError } from '../../src/state/stored-state.js';
import { TestHost, type Wire } from '../daemon/harness.js';
import { replaceHere } from '../state/replacing.js';
import { type KnownState, shownBy } from './known-state.js';

/** Both copies as a start finds them; `null` = there is no such file. */
export interface Laid {
  readonly first: Buffer | null;
  readonly twin: Buffer | null;
}

/** One of the copies. */
export type CopyName = keyof Laid;

/** What was tried, in numbers. Of starts, the whole daemon; else the opening of the directory. */
export const tally = {
  truncatedPositions: 0,
  flippedBits: 0,
  openings: 0,
  starts: 0,
  healed: 0,
  refused: 0,
  servedAsTheyWere: 0,
};

/** A host with a state whose truth is known. */
export class DamagedHost extends TestHost {
  readonly known: KnownState;
  readonly paths: Readonly<Record<CopyName, string>>;

  constructor(known: KnownState) {
    super();
    this.known = known;
    const [first, twin] = copyPaths(this.stateDirectory);
    this.paths = { first, twin };
    mkdirSync(this.stateDirectory);
  }

  /** Puts files in the place of both copies; what is not named is as the daemon left it. */
  put(laid: Partial<Laid>): void {
    const { bytes } = this.known;
    for (const [name, content] of Object.entries({ first: bytes, twin: bytes, ...laid })) {
      const path = this.paths[name as CopyName];
      if (content === null) rmSync(path, { force: true });
      else writeFileSync(path, content);
    }
  }

  /**
   * Starts the daemon and asks its socket: it serves the known state, says in log and status which
   * copy it healed, and both copies are whole again.
   *
   * @param harmed the copy that is to be healed; `null` = none is
   * @returns the reason it gives, `''` when there is none
   */
  async expectServed(harmed: CopyName | null): Promise<string> {
    this.log.length = 0;
    await this.start();
    tally.starts++;
    expect(await shownBy(this), 'what is served').to.deep.equal(this.known.shown);
    const { healed } = await this.storeSettled();
    const logged = this.log
      .filter(({ msg }) => msg === 'a copy of the state is healed from its twin')
      .map(({ file, reason }) => ({ file, reason }));
    expect(healed, 'the status as the log').to.deep.equal(logged);
    const reason = this.#expectHealing(healed, harmed);
    await this.stop();
    this.expectWhole();
    return reason;
  }

  /** Starts the daemon, which refuses and says what is wrong with each file. */
  async expectRefused(): Promise<string> {
    tally.starts++;
    const before = this.#files();
    let error: unknown;
    try {
      await this.start();
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof StateError)) throw new Error(`not refused, but ${error}`);
    expect(this.#files(), 'all files, byte for byte').to.deep.equal(before);
    tally.refused++;
    return error.message;
  }

  /** As {@link expectServed}, by opening and writing as the daemon does, without the daemon. */
  async expectOpened(harmed: CopyName | null): Promise<void> {
    tally.openings++;
    const { found, writer, close } = await openStateDirectory(
      this.stateDirectory,
      'is tested',
      replaceHere,
    );
    try {
      const { state, faults } = found;
      if (state === null) throw new Error('the state was taken for none');
      this.#expectHealing(
        faults.map(({ path, reason }) => ({ file: path, reason })),
        harmed,
      );
      await writer.write({ next: state, acknowledged: state });
    } finally {
      await close();
    }
    this.expectWhole();
  }

  /** What the status says of the store, once it has written or cannot. */
  async storeSettled(): Promise<Wire> {
    for (;;) {
      const { state, store } = await this.ask({ action: 'get_status' });
      if (!state.includes('committing')) return store;
    }
  }

  #expectHealing(healed: readonly Wire[], harmed: CopyName | null): string {
    const files = harmed === null ? [] : [this.paths[harmed]];
    expect(
      healed.map(({ file }) => file),
      'what is healed',
    ).to.deep.equal(files);
    const reason = healed.map((one) => one['reason']).join();
    if (harmed !== null) expect(reason, 'the reason').not.to.equal('');
    if (harmed === null) tally.servedAsTheyWere++;
    else tally.healed++;
    return reason;
  }

  /** Both copies say what the known state does, and nothing else is left. */
  expectWhole(): void {
    const files = this.#files();
    expect(files.map(([name]) => name)).to.deep.equal(
      Object.values(this.paths).map((p) => basename(p)),
    );
    const [first, twin] = files.map(([, content]) => content);
    expect(first, 'both copies').to.equal(twin);
    const { generation } = parseState(first ?? '');
    expect(generation, 'the generation').to.be.above(this.known.generation);
    expect(contentOf(first ?? '')).to.deep.equal(contentOf(this.known.bytes.toString()));
  }

  #files(): (readonly [name: string, content: string])[] {
    return readdirSync(this.stateDirectory, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((file) => [
        file.name,
        file.isFile() ? readFileSync(join(file.parentPath, file.name), 'latin1') : 'no file',
      ]);
  }
}

/** What a state file says, without what every write changes. */
function contentOf(text: string): Wire {
  const { generation: _, checksum: __, updated_at: ___, ...content } = JSON.parse(text);
  return content;
}
