/** The page of an inspection: who is let in, and what a browser is sent however slowly it reads. */

import { get, type IncomingMessage, request } from 'node:http';
import { expect } from 'chai';
import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import { NOTHING_SEEN, seenAfter } from '../../src/recording/seen.js';
import { Feed } from '../../src/viewer/feed.js';
import { type PageServer, servePage } from '../../src/viewer/page-server.js';
import { until } from '../process/until.js';

const FILES = new Map([
  ['index.html', { type: 'text/html', body: Buffer.from('the page') }],
  ['page.js', { type: 'text/javascript', body: Buffer.from('its program') }],
]);

const line = (seq: number, padding = ''): RecordingLine => ({
  type: 'inspection_ended',
  time: '2026-01-02T03:04:05.678Z',
  reason: `${seq}${padding}`,
});

/** A page, and the addresses that it gave out. */
class ServedPage implements AsyncDisposable {
  readonly feed = new Feed({ kind: 'live', name: '/run/epa.sock' });
  readonly addresses: string[] = [];
  server: PageServer | undefined;

  async start(): Promise<this> {
    const onAddress = (url: string) => this.addresses.push(url);
    this.server = await servePage({ feed: this.feed, files: FILES, port: 0, onAddress });
    return this;
  }

  get origin(): string {
    return new URL(this.addresses[0] ?? '').origin;
  }

  /** Uses the last address, and gives the cookie for it. */
  async cookie(): Promise<string> {
    const { headers } = await answerTo(this.addresses.at(-1) ?? '');
    return String(headers['set-cookie']?.[0]?.split(';')[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.close();
  }
}

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function answerTo(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<Answered>((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A browser that follows the lines, as fast as it is told to. */
class Follower {
  readonly lines: RecordingLine[] = [];
  resets = 0;
  lastId = '';
  response: IncomingMessage | undefined;
  #rest = '';

  static follow(url: string, headers: Record<string, string>): Promise<Follower> {
    const follower = new Follower();
    return new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => {
        follower.response = response;
        response.setEncoding('utf8').on('data', (piece: string) => follower.#take(piece));
        response.on('error', () => undefined);
        resolve(follower);
      }).on('error', reject);
    });
  }

  #take(piece: string): void {
    const events = `${this.#rest}${piece}`.split('\n\n');
    this.#rest = events.pop() ?? '';
    for (const event of events) {
      const fields = event.split('\n').map((field) => field.split(/: (.*)/s));
      const of = (name: string) => fields.filter(([key]) => key === name).map(([, text]) => text);
      this.lastId = of('id')[0] ?? this.lastId;
      const [kind] = of('event');
      if (kind === 'reset') {
        this.resets++;
        this.lines.length = 0;
      } else if (kind === undefined) {
        this.lines.push(...of('data').map((text): RecordingLine => JSON.parse(text ?? '')));
      }
    }
  }

  /** Resolves when a line with this reason came. */
  async heard(reason: string): Promise<void> {
    await until(async () => {
      const last = this.lines.at(-1);
      return last?.type === 'inspection_ended' && last.reason === reason;
    });
  }
}

describe('the page of an inspection', () => {
  it('is shown to whoever has an address that was not used yet, and once for each', async () => {
    await using page = await new ServedPage().start();
    const [address = ''] = page.addresses;
    expect(address).to.match(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
    const first = await answerTo(address);
    expect(first).to.include({ status: 303 });
    expect(first.headers.location).to.equal('/');
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie).to.contain('HttpOnly').and.contain('SameSite');
    const known = { cookie: cookie.split(';')[0] ?? '' };
    expect(await answerTo(`${page.origin}/`, known)).to.include({ status: 200, text: 'the page' });
    expect(await answerTo(`${page.origin}/page.js`, known)).to.include({ text: 'its program' });
    expect(await answerTo(address)).to.include({ status: 403 });
    expect((await answerTo(address)).text).to.contain('used already');
    // The same address in the same browser is its own tab again.
    expect(await answerTo(address, known)).to.include({ status: 303 });
    expect(page.addresses).to.have.length(2);
    expect(await answerTo(page.addresses[1] ?? '')).to.include({ status: 303 });
  });

  for (const [what, path, headers, method, status] of [
    ['no token', '/', {}, 'GET', 403],
    ['a wrong token', '/?token=abc', {}, 'GET', 403],
    ['an empty token', '/?token=', {}, 'GET', 403],
    ['a wrong cookie', '/lines', { cookie: 'epa-inspect-1=abc' }, 'GET', 403],
    ['no cookie, for the lines', '/lines', {}, 'GET', 403],
    ['no cookie, for the recording', '/recording', {}, 'GET', 403],
    ['no cookie, for what is not there', '/x', {}, 'GET', 403],
    ['a foreign name', '/', { host: 'evil.example' }, 'GET', 403],
    ['something to change', '/', {}, 'POST', 405],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await using page = await new ServedPage().start();
      expect(await answerTo(`${page.origin}${path}`, headers, method)).to.include({ status });
    });
  }

  it('refuses a foreign name and what is not there also to who was let in', async () => {
    await using page = await new ServedPage().start();
    const cookie = await page.cookie();
    const foreign = { cookie, host: `evil.example:${page.server?.port}` };
    expect(await answerTo(`${page.origin}/`, foreign)).to.include({ status: 403 });
    expect(await answerTo(`${page.origin}/../package.json`, { cookie })).to.include({
      status: 404,
    });
    const tunnel = { cookie, host: 'localhost:8080' };
    expect(await answerTo(`${page.origin}/`, tunnel)).to.include({ status: 200 });
  });

  it('lets nothing in that it does not serve itself', async () => {
    await using page = await new ServedPage().start();
    const { headers } = await answerTo(`${page.origin}/`, { cookie: await page.cookie() });
    expect(headers['content-security-policy']).to.match(/^default-src 'none'; script-src 'self';/);
    expect(headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  it('sends all that was recorded, and then what comes', async () => {
    await using page = await new ServedPage().start();
    for (let seq = 0; seq < 450; seq++) page.feed.add(line(seq));
    const follower = await Follower.follow(`${page.origin}/lines`, { cookie: await page.cookie() });
    await follower.heard('449');
    page.feed.add(line(450));
    await follower.heard('450');
    expect(follower.lines).to.deep.equal(Array.from({ length: 451 }, (_, seq) => line(seq)));
    expect(follower).to.include({ resets: 1, lastId: '451' });
  });

  it('goes on where a browser was when it comes back, and anew where that is unknown', async () => {
    await using page = await new ServedPage().start();
    for (let seq = 0; seq < 10; seq++) page.feed.add(line(seq));
    const cookie = await page.cookie();
    const url = `${page.origin}/lines`;
    const back = await Follower.follow(url, { cookie, 'last-event-id': '7' });
    await back.heard('9');
    expect(back).to.include({ resets: 0 });
    expect(back.lines).to.deep.equal([line(7), line(8), line(9)]);
    for (const id of ['11', '-1', 'x', '1e99']) {
      const lost = await Follower.follow(url, { cookie, 'last-event-id': id });
      await lost.heard('9');
      expect(lost).to.include({ resets: 1 });
      expect(lost.lines).to.have.length(10);
    }
  });

  it('lets a browser that does not read begin anew with what is seen then', async () => {
    await using page = await new ServedPage().start();
    page.feed.add({ type: 'inspection', version: '1.0', time: '2026-01-02', daemon_version: '7' });
    const follower = await Follower.follow(`${page.origin}/lines`, { cookie: await page.cookie() });
    await until(async () => follower.lines.length === 1);
    follower.response?.pause();
    // Twice as much as is kept.
    const padding = 'x'.repeat(64 * 1_024);
    for (let seq = 0; seq < 2_048; seq++) page.feed.add(line(seq, padding));
    expect(page.feed.recording.first).to.be.above(0);
    follower.response?.resume();
    await follower.heard(`2047${padding}`);
    expect(follower.resets).to.be.above(1);
    const seen = follower.lines.reduce(seenAfter, NOTHING_SEEN);
    expect(seen).to.deep.equal(page.feed.recording.seenBefore(page.feed.recording.end));
    expect(seen.inspection).to.include({ daemon_version: '7' });
  });

  it('gives the recording as a file', async () => {
    await using page = await new ServedPage().start();
    for (let seq = 0; seq < 10; seq++) page.feed.add(line(seq));
    const cookie = await page.cookie();
    const { headers, text } = await answerTo(`${page.origin}/recording`, { cookie });
    expect(headers['content-disposition']).to.match(
      /^attachment; filename="epa-inspection-.*\.ndjson"$/,
    );
    expect(text).to.equal(
      Array.from({ length: 10 }, (_, seq) => `${JSON.stringify(line(seq))}\n`).join(''),
    );
  });

  it('says when its port is taken', async () => {
    await using page = await new ServedPage().start();
    const port = page.server?.port ?? 0;
    const another = servePage({ feed: page.feed, files: FILES, port, onAddress: () => undefined });
    expect(await another.then(() => 'served', String)).to.match(
      /^ViewerError: cannot serve the page/,
    );
  });
});
