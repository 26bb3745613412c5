/**
 * The page of `inspect` in a real browser, against the built daemon on a simulated machine: what a
 * person who debugs a host sees, does and saves.
 */

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { cores, hugepages, nodeOf, numa } from '../core/hosts.js';
import { askAll, type Wire } from '../daemon/wire.js';
import { ProcessHost } from '../process/process-host.js';
import { until } from '../process/until.js';
import { Browser, browserObstacle, Inspection, keepPicture, NARROW, type WIDE } from './browser.js';

const title = browserObstacle === null ? '' : ` (skipped: ${browserObstacle})`;

/** Who owns each CPU as the page shows it: CPU → service. */
async function ownersOn(page: Page): Promise<Record<string, string>> {
  const pairs = await page
    .locator('[data-owner]')
    .evaluateAll((cells) =>
      cells.map((cell): [string, string] => [
        cell.getAttribute('data-cpu') ?? '',
        cell.getAttribute('data-owner') ?? '',
      ]),
    );
  return Object.fromEntries(pairs);
}

/** Who owns each CPU as the daemon lists them. */
async function ownersOf(host: ProcessHost): Promise<Record<string, string>> {
  const { allocations } = await host.ask({ action: 'get_topology' });
  const owners: Record<string, string> = {};
  for (const { service_name, allocated_cores } of allocations) {
    for (const part of allocated_cores.split(',')) {
      const [from, to = from] = part.split('-').map(Number);
      for (let cpu = from; cpu <= to; cpu++) owners[cpu] = service_name;
    }
  }
  return owners;
}

/** The first message that says so, of those in sight. */
const message = (page: Page, text: string) =>
  page.locator('.row').filter({ hasText: text }).first();

/** Opens the page of a live daemon, and waits until it shows it. */
async function openLive(browser: Browser, inspection: Inspection, number = 1): Promise<Page> {
  const page = await browser.open(await inspection.address(number));
  await page.getByText('● live').waitFor();
  await page.locator('[data-cpu]').first().waitFor({ state: 'attached' });
  return page;
}

/** A daemon, and a browser that looks at it. */
interface Scene {
  readonly host: ProcessHost;
  readonly inspection: Inspection;
  readonly browser: Browser;
  readonly page: Page;
}

/** What a scene begins with. */
interface Setting {
  /** Asked before anybody looks. */
  readonly asked?: readonly Wire[];
  readonly options?: readonly string[];
  readonly viewport?: typeof WIDE;
  readonly host?: ProcessHost;
}

/** Plays a scene, in which the browser must have nothing to complain about. */
const scene =
  (setting: Setting, play: (scene: Scene) => Promise<void>): (() => Promise<void>) =>
  async () => {
    await using host = setting.host ?? new ProcessHost();
    // What the schedule adds to the messages would push others out of sight.
    await host.start(setting.options ?? ['--rescan-interval-ms', '86400000']);
    for (const request of setting.asked ?? []) await host.ask(request);
    await using inspection = new Inspection('--socket', host.socketPath);
    await using browser = await Browser.start(setting.viewport);
    const page = await openLive(browser, inspection);
    await play({ host, inspection, browser, page });
    expect(browser.troubles).to.deep.equal([]);
  };

/** Whether any part of the page is wider than the screen. */
const isTooWide = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');

/** Counts the frames in which messages do not reach from edge to edge of their list. */
const COUNT_BLANK_FRAMES = `
  frames = blankFrames = 0;
  (function look() {
    const box = document.querySelector('.rows').getBoundingClientRect();
    const rows = [...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect());
    const isAt = (y) => rows.some(({ top, bottom }) => top <= y && y < bottom);
    frames++;
    if (!isAt(box.top + 1) || !isAt(box.bottom - 2)) blankFrames++;
    requestAnimationFrame(look);
  })();`;

/** The message at the upper edge of the list, and where it is. */
const ROW_AT_EDGE = `(() => {
  const edge = document.querySelector('.rows').getBoundingClientRect().top;
  const row = [...document.querySelectorAll('.row')].find(
    (one) => one.getBoundingClientRect().bottom > edge,
  );
  return [row.id, String(row.getBoundingClientRect().top - edge)];
})()`;

describe(`the page of an inspection${title}`, () => {
  before(function () {
    if (browserObstacle !== null) this.skip();
  });

  it(
    'shows a forced reallocation as it happens, and as it was',
    scene({ asked: [cores('nova', 28)] }, async ({ host, browser, page }) => {
      const before = await ownersOf(host);
      expect(await ownersOn(page)).to.deep.equal(before);
      await keepPicture(page, 'live');

      await host.ask(numa('dpdk', 1, 4));
      const after = await ownersOf(host);
      await message(page, 'nova lost 4 CPUs').waitFor();
      expect(await message(page, 'nova lost 4 CPUs').textContent()).to.contain('to dpdk');
      await message(page, 'allocate_numa_cores: dpdk').waitFor();
      expect(await ownersOn(page)).to.deep.equal(after);

      // The moment in which it is decided, and not yet on disk.
      const decided = message(page, 'REQUEST allocate_numa_cores');
      await decided.click();
      await page.getByText('as it was at').waitFor();
      expect(await decided.textContent()).to.contain('durability ready → committing');
      const actor = page.getByRole('button', { name: /^coordinator/ });
      expect(await actor.textContent()).to.contain('durability committing');
      const active = page.locator(
        'g.state.active[data-state="coordinator.serving.durability.committing"]',
      );
      await active.waitFor();
      expect(await page.locator('text.taken').allTextContents()).to.include('holdings changed');
      expect(await ownersOn(page)).to.deep.equal(after);
      const changed = await page
        .locator('.cpu.changed')
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('aria-label') ?? ''));
      expect(changed).to.have.length(4);
      for (const words of changed) expect(words).to.match(/^CPU \d+: dpdk, .*before: nova$/);
      await keepPicture(page, 'decided');

      // And just before it.
      await page.getByRole('listbox', { name: 'Messages' }).press('ArrowUp');
      await page.locator('[aria-selected="true"]').filter({ hasNotText: 'REQUEST' }).waitFor();
      expect(await actor.textContent()).to.contain('durability ready');
      expect(await ownersOn(page)).to.deep.equal(before);

      // A request that comes meanwhile changes nothing of it.
      await host.ask(hugepages('ceph', 0, 2_048, 3));
      await page.getByText(/after this one/).waitFor();
      expect(await ownersOn(page)).to.deep.equal(before);
      await page.keyboard.press('Escape');
      await page.getByText('● live').waitFor();
      expect(await ownersOn(page)).to.deep.equal(after);
      await page.getByText('0 used, 3 recorded, 1021 free of 1024').waitFor();

      const foreign = browser.requests.filter((url) => !url.startsWith('http://127.0.0.1:'));
      expect(foreign).to.deep.equal([]);
    }),
  );

  it(
    'shows one actor, or what is about one service',
    scene({}, async ({ host, page }) => {
      await host.ask(cores('nova', 2));
      await host.ask(cores('ceph', 2));
      await message(page, 'ceph claimed').waitFor();
      await page.getByLabel('Only what is about this service').fill('nov');
      await message(page, 'ceph').waitFor({ state: 'detached' });
      await message(page, 'nova claimed').waitFor();
      await page.getByLabel('Only messages of this actor').selectOption('node-0');
      await message(page, 'nova claimed').waitFor({ state: 'detached' });
      expect(await page.locator('.row').allTextContents()).to.satisfy((rows: string[]) =>
        rows.every((row) => row.includes('APPLY') && row.includes('nova')),
      );
      for (const name of ['scanner', 'store', 'node-1']) {
        await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
        await page.getByRole('heading', { name, exact: true }).waitFor();
        expect(await page.locator('g.state.active').count()).to.be.above(0);
        await keepPicture(page, `chart-${name}`);
      }
    }),
  );

  it('saves what happened, for somebody else to open', async () => {
    await using host = new ProcessHost();
    await host.start();
    await host.ask(cores('nova', 28));
    const file = join(host.directory, 'it.ndjson');
    let owners: Record<string, string>;
    {
      await using inspection = new Inspection('--socket', host.socketPath);
      await using browser = await Browser.start();
      const page = await openLive(browser, inspection);
      await host.ask(numa('dpdk', 0, 2));
      await message(page, 'nova lost').waitFor();
      owners = await ownersOn(page);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Save recording' }).click(),
      ]);
      expect(download.suggestedFilename()).to.match(/^epa-inspection-.*\.ndjson$/);
      await download.saveAs(file);
    }
    await host.daemon.stop();
    await using inspection = new Inspection(file);
    await using browser = await Browser.start();
    const page = await browser.open(await inspection.address(1));
    await page.getByText('the end of the recording').waitFor();
    await message(page, 'nova lost').waitFor();
    expect(await ownersOn(page)).to.deep.equal(owners);
    await message(page, 'REQUEST').click();
    await page.getByText('as it was at').waitFor();
    expect(await page.locator('.cpu.changed').count()).to.equal(2);
    expect(browser.troubles).to.deep.equal([]);
  });

  it('is shown to nobody without an address that was not used yet', async () => {
    await using host = new ProcessHost();
    await host.start();
    await using inspection = new Inspection('--socket', host.socketPath);
    const url = await inspection.address(1);
    await using stranger = await Browser.start();
    const refused = await stranger.open(url.replace(/token=.*/, 'token=guessed'));
    expect(await refused.textContent('body')).to.contain('used already, or is not whole');

    await using first = await Browser.start();
    const page = await openLive(first, inspection);
    // The token is in no history.
    expect(page.url()).to.equal(`${new URL(url).origin}/`);
    await page.reload();
    await page.getByText('● live').waitFor();
    const late = await stranger.open(url);
    expect(await late.textContent('body')).to.contain('used already');

    await using second = await Browser.start();
    const other = await openLive(second, inspection, 2);
    await host.ask(cores('nova', 3));
    for (const one of [page, other]) await message(one, 'nova claimed 3 CPUs').waitFor();
    expect(await ownersOn(other)).to.deep.equal(await ownersOn(page));
    // What one chooses is its own.
    await message(page, 'REQUEST').click();
    await page.getByText('as it was at').waitFor();
    expect(await other.getByText('● live').count()).to.equal(1);
  });

  it(
    'shows actors that vanish and appear as nodes do, and what is offline',
    scene({ options: ['--rescan-interval-ms', '100'] }, async ({ host, page }) => {
      const node1 = page.getByRole('button', { name: /^node-1/ });
      const card = page.getByRole('article', { name: 'node 1' });
      await card.waitFor();
      // Messages of others come so often here that those of the node would be out of sight at once.
      for (const count of [2, -1]) await host.ask(numa('dpdk', 1, count));
      await page.getByLabel('Only messages of this actor').selectOption('node-1');
      const path = join(host.sysfsRoot, 'devices/system/node/node1');
      renameSync(path, join(host.directory, 'node1'));
      await node1.waitFor({ state: 'detached' });
      await message(page, 'node-1 ends').waitFor();
      renameSync(join(host.directory, 'node1'), path);
      await node1.waitFor();
      await message(page, 'node-1 comes').waitFor();
      await card.waitFor();
    }),
  );

  it(
    'keeps up with a crowd of messages, and what somebody reads in its place',
    scene({}, async ({ host, page }) => {
      const claims = Array.from({ length: 100 }, () => [cores('nova', 3), cores('nova', -1)]);
      const crowd = async () => {
        for (let round = 0; round < 5; round++) await askAll(host.socketPath, claims.flat());
      };
      await crowd();
      await page.evaluate(COUNT_BLANK_FRAMES);
      await crowd();
      expect(await page.evaluate<number>('blankFrames')).to.equal(0);
      expect(await page.evaluate<number>('frames')).to.be.above(0);
      await page.getByRole('button', { name: 'Pause' }).waitFor();

      const list = page.getByRole('listbox', { name: 'Messages' });
      await list.evaluate((element) => element.scrollBy(0, -2_000));
      await page.getByRole('button', { name: 'Go on' }).waitFor();
      const place = () => page.evaluate<readonly string[]>(ROW_AT_EDGE);
      const count = async () => {
        const status = page.getByRole('region', { name: 'Messages' }).getByRole('status');
        return Number(await status.textContent());
      };
      const [placeBefore, countBefore] = [await place(), await count()];
      expect(placeBefore[0]).to.match(/^row-\d+$/);
      await crowd();
      await until(async () => (await count()) > countBefore + 1_000);
      expect(await place()).to.deep.equal(placeBefore);
    }),
  );

  it(
    'says when the daemon has gone, keeps what was seen, and goes on with the next',
    scene({ asked: [cores('nova', 5)] }, async ({ host, page }) => {
      await host.daemon.kill();
      await page.getByRole('alert').filter({ hasText: 'nothing is heard of the daemon' }).waitFor();
      expect(Object.values(await ownersOn(page))).to.have.length(5);
      await keepPicture(page, 'daemon-gone');
      await host.start();
      await page.getByText('● live').waitFor();
      expect(await page.getByRole('alert').count()).to.equal(0);
      await message(page, 'the inspection begins').waitFor();
    }),
  );

  it(
    'can be used by keys alone',
    scene({}, async ({ host, page }) => {
      await host.ask(cores('nova', 2));
      await message(page, 'nova claimed').waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await keepPicture(page, 'help');
      await page.keyboard.press('Escape');
      const reached = new Set<string>();
      const focus = () =>
        page.evaluate<string>(
          'document.activeElement.ariaLabel ?? document.activeElement.textContent',
        );
      for (let count = 0; count < 30; count++) {
        await page.keyboard.press('Tab');
        const name = await focus();
        reached.add(name.slice(0, 12));
        if (name.startsWith('store')) {
          await page.keyboard.press('Enter');
          await page.getByRole('heading', { name: 'store', exact: true }).waitFor();
        }
        if (name === 'Messages') break;
      }
      expect([...reached]).to.include.members(['Save recordi', 'Help', 'Messages', 'Pause']);
      await page.keyboard.press('ArrowUp');
      await page.getByText('as it was at').waitFor();
      await page.keyboard.press('Home');
      const first = page.locator('[aria-selected="true"]');
      expect(await first.textContent()).to.contain('the inspection begins');
      await page.keyboard.press('End');
      await page.keyboard.press('Escape');
      await page.getByText('● live').waitFor();
    }),
  );

  it(
    'fits a phone, in light and dark',
    scene({ asked: [cores('nova', 28)], viewport: NARROW }, async ({ host, page }) => {
      await host.ask(numa('dpdk', 0, 4));
      await message(page, 'nova lost').waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const tab of ['actors', 'chart', 'machine', 'messages']) {
          await page.getByRole('button', { name: tab, exact: true }).click();
          expect(await page.locator('main > section:visible').count(), tab).to.equal(1);
          expect(await isTooWide(page), `${tab} is too wide`).to.equal(false);
          await keepPicture(page, `narrow-${colorScheme}-${tab}`);
        }
      }
    }),
  );

  it('shows the largest machine there is', async () => {
    const nodes = Array.from({ length: 1_024 }, (_, nodeId) => nodeOf(nodeId, 4, 2));
    const host = new ProcessHost({ nodes, numbering: 'contiguous', isolated: '0-8191' });
    await scene({ host }, async ({ page }) => {
      await host.ask(numa('dpdk', 1_000, 2));
      await message(page, 'dpdk claimed').waitFor();
      await page.getByLabel('Find an actor').fill('node-1000');
      await page.getByRole('button', { name: /^node-1000/ }).click();
      await page.getByRole('heading', { name: 'node-1000' }).waitFor();
      expect(Object.values(await ownersOn(page))).to.deep.equal(['dpdk', 'dpdk']);
      await keepPicture(page, 'largest');
    })();
  });
});
