/** The log of a process that ends, in whatever way, has all that was said. */

import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

const LOG = new URL('../../src/daemon/log.ts', import.meta.url).href;

/** What a process writes to standard error that makes a log and does this with it. */
function linesOf(does: string) {
  const script = `const { createLog } = await import('${LOG}'); const log = await createLog('info'); ${does}`;
  const words = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  const lines = stderr.split('\n').filter((line) => line !== '');
  return { status, messages: lines.map((line) => JSON.parse(line).msg) };
}

describe('the log', () => {
  for (const [how, ending, status] of [
    ['by itself', '', 0],
    ['at once', 'process.exit(3);', 3],
    ['a turn later', 'setImmediate(() => process.exit(3));', 3],
    ['with its last words', "log.fatal('c'); process.exit(3);", 3],
  ] as const) {
    it(`is whole when the process ends ${how}`, () => {
      const found = linesOf(`log.info('a'); log.info('b'); ${ending}`);
      const messages = ending.includes('fatal') ? ['a', 'b', 'c'] : ['a', 'b'];
      expect(found).to.deep.equal({ status, messages });
    });
  }
});
