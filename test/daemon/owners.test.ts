/** Two users of one host: the kernel says who asks, and each changes only what is its own. */

import { chmodSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { TestHost, type Wire } from './harness.js';
import { ALICE, askAs, BOB, usersObstacle } from './users.js';

const claim = (service_name: string, num_of_cores: number): Wire => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
});

const why = usersObstacle;

describe(`the users of a daemon${why === null ? '' : ` (skipped: ${why})`}`, () => {
  before(function () {
    if (why !== null) this.skip();
  });

  /** A daemon that everybody may speak to, and a service of Alice's. */
  async function start(): Promise<TestHost> {
    const host = new TestHost();
    chmodSync(host.directory, 0o755);
    await host.start({ socketMode: '666' });
    expect(await askAs(ALICE, host, claim('a', 2))).to.include({ cores_allocated: 2 });
    return host;
  }

  it('may not change what belongs to another', async () => {
    await using host = await start();
    const before = await host.allocations();
    const refused = await askAs(BOB, host, claim('a', -1));
    expect(refused).to.deep.include({
      code: 'NOT_PERMITTED',
      details: { owner_uid: ALICE, uid: BOB },
    });
    expect(await host.allocations()).to.deep.equal(before);
  });

  it('may see what belongs to another', async () => {
    await using host = await start();
    const seen = await askAs(BOB, host, { action: 'list_allocations' });
    expect(seen['allocations'][0]).to.include({ service_name: 'a', cores_count: 2 });
  });

  it('may change and release what is their own, also after a restart', async () => {
    await using host = await start();
    expect(await askAs(ALICE, host, claim('a', 3))).to.include({ cores_allocated: 3 });
    await host.stop();
    await host.start({ socketMode: '666' });
    expect(await askAs(BOB, host, claim('a', 1))).to.include({ code: 'NOT_PERMITTED' });
    expect(await askAs(ALICE, host, claim('a', -1))).to.include({ cores_allocated: 0 });
    expect(await askAs(BOB, host, claim('a', 1))).to.include({ cores_allocated: 1 });
  });

  it('are named in the log with every change, root too, who may change everything', async () => {
    await using host = await start();
    expect(await host.ask(claim('a', -1))).to.include({ cores_allocated: 0 });
    const again = await askAs(BOB, host, claim('a', 1));
    const callers = host.log.filter(({ msg }) => msg === 'changed').map(({ caller }) => caller);
    expect(callers.map(({ uid }) => uid)).to.deep.equal([ALICE, 0, BOB]);
    expect(callers[1]).to.include({ gid: process.getgid?.(), pid: process.pid });
    expect(callers[2]).to.include({ gid: BOB, pid: again['pid'] });
  });

  it('do not reach a daemon whose socket is not open to them', async () => {
    await using host = new TestHost();
    chmodSync(host.directory, 0o755);
    await host.start();
    const refused = await askAs(BOB, host, claim('b', 1)).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
    expect(await host.allocations()).to.deep.equal({});
  });

  it('own nothing of what was taken over from the older release', async () => {
    await using host = new TestHost();
    chmodSync(host.directory, 0o755);
    host.writeState('{"version":1,"allocations_db":{"allocations":{"old":"1"}}}');
    await host.start({ socketMode: '666' });
    const refused = await askAs(ALICE, host, claim('old', -1));
    expect(refused).to.deep.include({
      code: 'NOT_PERMITTED',
      details: { owner_uid: 0, uid: ALICE },
    });
    expect(await host.ask(claim('old', -1))).to.include({ cores_allocated: 0 });
    expect(JSON.parse(readFileSync(host.statePath, 'utf8')).owners).to.deep.equal([]);
  });
});
