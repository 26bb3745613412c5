/** A user whom the system's list does not know, as containers have them, can still name places. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { usersObstacle } from '../daemon/users.js';

const CONFIG = new URL('../../src/config/config.ts', import.meta.url).href;

const NOBODY_KNOWN = ['--reuid', '64999', '--regid', '64999', '--clear-groups'];

/** Prints the places that a configuration comes to. */
const SCRIPT = `
  const { readConfig } = await import(${JSON.stringify(CONFIG)});
  const { socketPath, stateDirectory } = readConfig(JSON.parse(process.argv[1]), {}, undefined);
  console.log(JSON.stringify([socketPath, stateDirectory]));
`;

/** The places for a user that nobody knows, without any environment. */
function placesOf(settings: object): unknown {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', SCRIPT];
  const words = [...NOBODY_KNOWN, 'env', '-i', ...node, JSON.stringify(settings)];
  return JSON.parse(execFileSync('setpriv', words, { encoding: 'utf8' }));
}

/** Why such a user cannot be had here; `null` = it can. */
function findObstacle(): string | null {
  if (usersObstacle !== null) return usersObstacle;
  try {
    execFileSync('setpriv', [...NOBODY_KNOWN, 'test', '-r', fileURLToPath(CONFIG)]);
    return null;
  } catch {
    return 'other users cannot read the project';
  }
}

const obstacle = findObstacle();
const skipped = obstacle === null ? '' : ` (skipped: ${obstacle})`;

describe(`the configuration of a user that nobody knows${skipped}`, () => {
  before(function () {
    if (obstacle !== null) this.skip();
  });

  it('is as it says', () => {
    const settings = { socketPath: '/run/x/epa.sock', stateDirectory: '/var/x' };
    expect(placesOf(settings)).to.deep.equal(['/run/x/epa.sock', '/var/x']);
  });

  it('has defaults all the same', () => {
    expect(placesOf({})).to.deep.equal([
      '/tmp/epa-orchestrator-64999/epa-orchestrator/epa.sock',
      '/.local/state/epa-orchestrator',
    ]);
  });
});
