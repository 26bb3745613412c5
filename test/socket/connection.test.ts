/** One peer after another on a real socket: what each sends, and what it gets back. */

import { expect } from 'chai';
import { PATIENCE, SESSION_WAITING_MAX } from '../../src/protocol/limits.js';
import { nested, objectOf, singleBytesOf } from './json.js';
import { Peer, replyTextOf, requestOf, useServedSocket } from './peers.js';

/** The code of an error reply. */
function codeOf(text: string | undefined): string {
  const reply: unknown = JSON.parse(text ?? '');
  expect(reply).to.include.keys('version', 'error', 'code');
  return (reply as { code: string }).code;
}

describe('a peer with one request', () => {
  const served = useServedSocket();

  it('gets a reply without a newline, and the end', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    expect(await Peer.askOnce(path, requestOf('a'))).to.equal(replyTextOf('a'));
    expect(daemon.asked).to.deep.equal(['a']);
  });

  it('gets its reply in one piece', async () => {
    const { path, daemon } = served();
    daemon.padding = 'x'.repeat(20_000);
    const peer = await Peer.connect(path);
    const chunks: Buffer[] = [];
    peer.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await peer.send(requestOf('a'));
    await peer.farewell;
    expect(chunks.map(String)).to.deep.equal([replyTextOf('a', daemon.padding)]);
  });

  it('may send it byte by byte', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const peer = await Peer.connect(path);
    await peer.sendPieces(singleBytesOf(requestOf('é')));
    expect(await peer.farewell).to.equal(replyTextOf('é'));
  });

  it('may send up to 64 KiB', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const head = '{"action":"get_status","x":"';
    const request = `${head}${'x'.repeat(64 * 1024 - head.length - 2)}"}`;
    expect(await Peer.askOnce(path, request)).to.equal(replyTextOf('get_status'));
    expect(codeOf(await Peer.askOnce(path, `${request.slice(0, -2)}x"}`))).to.equal(
      'REQUEST_TOO_LARGE',
    );
  });

  it('is answered when it has closed its side', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    peer.socket.end(requestOf('a'));
    await daemon.wasAsked(1);
    daemon.answer('a');
    expect(await peer.farewell).to.equal(replyTextOf('a'));
  });

  it('is ended without a word when it closes its side and sent nothing', async () => {
    const { path } = served();
    const peer = await Peer.connect(path);
    peer.socket.end();
    expect(await peer.farewell).to.equal('');
  });

  const wrong: Readonly<Record<string, string>> = {
    'hello\n': 'INVALID_REQUEST',
    '[1]': 'INVALID_REQUEST',
    '{"a":]': 'INVALID_REQUEST',
    '{a}': 'INVALID_REQUEST',
    '{}': 'INVALID_REQUEST',
    '{"action":"fly"}': 'UNKNOWN_ACTION',
    '{"action":"get_status","version":"9"}': 'UNSUPPORTED_VERSION',
    [nested(33, '"action":"get_status",')]: 'INVALID_REQUEST',
    [objectOf(70_000)]: 'REQUEST_TOO_LARGE',
  };
  for (const [text, code] of Object.entries(wrong)) {
    it(`hears ${code} and the end for ${JSON.stringify(text.slice(0, 40))}`, async () => {
      const { path, daemon } = served();
      const farewell = await Peer.askOnce(path, text);
      expect(codeOf(farewell)).to.equal(code);
      expect(farewell).not.to.include('\n');
      expect(daemon.asked).to.deep.equal([]);
    });
  }

  it('hears that its object has no end when it closes its side within it', async () => {
    const { path } = served();
    const peer = await Peer.connect(path);
    peer.socket.end('{"action":');
    expect(codeOf(await peer.farewell)).to.equal('INVALID_REQUEST');
  });

  it('hears why even while it goes on sending', async () => {
    const { path } = served();
    const peer = await Peer.connect(path);
    peer.socket.write('hello');
    for (let count = 0; count < 20; count++) peer.socket.write('x'.repeat(10_000));
    expect(codeOf(await peer.farewell)).to.equal('INVALID_REQUEST');
  });

  it('may leave before it is answered, or before it has asked: nobody else minds', async () => {
    const { path, daemon } = served();
    const early = await Peer.connect(path);
    await early.send(requestOf('early'));
    await daemon.wasAsked(1);
    early.socket.destroy();
    const torn = await Peer.connect(path);
    await torn.send('{"action":');
    torn.socket.destroy();
    const other = Peer.askOnce(path, requestOf('other'));
    await daemon.wasAsked(2);
    daemon.answer('early');
    daemon.answer('other');
    expect(await other).to.equal(replyTextOf('other'));
  });

  it('that says nothing keeps nobody waiting', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const silent = await Promise.all([1, 2, 3].map(() => Peer.connect(path)));
    await silent[0]?.send('{');
    expect(await Peer.askOnce(path, requestOf('a'))).to.equal(replyTextOf('a'));
    for (const peer of silent) peer.socket.destroy();
  });
});

describe('a peer with a session', () => {
  const served = useServedSocket();

  it('gets a line for each request, for as long as it stays', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const peer = await Peer.connect(path);
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await peer.send(`${requestOf(name)}\n`);
      expect((await peer.lines(index + 1))[index]).to.equal(replyTextOf(name));
    }
    peer.socket.end();
    expect(await peer.farewell)
      .to.have.property('length')
      .that.is.greaterThan(0);
  });

  it('gets replies in the order of its requests, whatever is answered first', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    const names = ['a', 'b', 'c', 'd'];
    await peer.send(names.map((name) => `${requestOf(name)}\n`).join(''));
    await daemon.wasAsked(4);
    expect(daemon.asked).to.deep.equal(names);
    for (const name of ['d', 'b', 'a', 'c']) daemon.answer(name);
    expect(await peer.lines(4)).to.deep.equal(names.map((name) => replyTextOf(name)));
  });

  it('may cut its lines anywhere, and leave lines blank', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const peer = await Peer.connect(path);
    await peer.send(`${requestOf('a')}\n`);
    await peer.sendPieces(singleBytesOf(`\n \r\n${requestOf('b')}\r\n\n${requestOf('c')}\n`));
    expect(await peer.lines(3)).to.deep.equal(['a', 'b', 'c'].map((name) => replyTextOf(name)));
  });

  it('is answered all that it sent before it closed its side, the last line included', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    peer.socket.end(`${requestOf('a')}\n${requestOf('b')}\n${requestOf('c')}`);
    await daemon.wasAsked(3);
    for (const name of ['c', 'b', 'a']) daemon.answer(name);
    const all = ['a', 'b', 'c'].map((name) => `${replyTextOf(name)}\n`).join('');
    expect(await peer.farewell).to.equal(all);
  });

  it('goes on after requests that are well-formed and bad, in order', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    const bad = ['{}', '{"action":"fly"}', nested(33), '{"action":"allocate_cores"}'];
    await peer.send(`${requestOf('a')}\n${bad.join('\n')}\n${requestOf('b')}\n`);
    await daemon.wasAsked(2);
    daemon.answer('b');
    daemon.answer('a');
    const lines = await peer.lines(6);
    expect(lines[0]).to.equal(replyTextOf('a'));
    expect(lines.slice(1, 5).map(codeOf)).to.deep.equal([
      'INVALID_REQUEST',
      'UNKNOWN_ACTION',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
    ]);
    expect(lines[5]).to.equal(replyTextOf('b'));
  });

  const fatal: Readonly<Record<string, string>> = {
    'what is no JSON': '{a}\n',
    'what is no object': '[]\n',
    'two objects on a line': '{} {}\n',
    'a line that is too long': `${objectOf(70_000)}\n`,
    'bytes that are no UTF-8': '\u00ff',
  };
  for (const [what, line] of Object.entries(fatal)) {
    it(`is ended by ${what}, after earlier requests were answered`, async () => {
      const { path, daemon } = served();
      const peer = await Peer.connect(path);
      await peer.send(`${requestOf('a')}\n${requestOf('b')}\n`);
      await daemon.wasAsked(2);
      const bytes = line === '\u00ff' ? Buffer.from('{"a":"\u00ff"}\n', 'latin1') : line;
      await peer.send(bytes);
      peer.socket.write(`${requestOf('late')}\n`);
      await Peer.overtake(path);
      daemon.answer('b');
      daemon.answer('a');
      const lines = (await peer.farewell).split('\n');
      expect(lines.slice(0, 2)).to.deep.equal([replyTextOf('a'), replyTextOf('b')]);
      expect(codeOf(lines[2])).to.be.oneOf(['INVALID_REQUEST', 'REQUEST_TOO_LARGE']);
      expect(lines.slice(3)).to.deep.equal(['']);
      expect(daemon.asked).to.deep.equal(['a', 'b']);
    });
  }

  it('is answered thousands of requests that come in one chunk and are answered at once', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const peer = await Peer.connect(path);
    const line = '{"action":"get_status"}\n';
    const count = Math.floor(65_536 / line.length);
    await peer.send(line.repeat(count));
    expect(await peer.lines(count)).to.deep.equal(
      Array.from({ length: count }, () => replyTextOf('get_status')),
    );
  });
});

describe('a peer that asks for too much', () => {
  const served = useServedSocket({ ...PATIENCE, requestMs: 60_000, sessionIdleMs: 60_000 });
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);

  it('has a bounded number of requests under way, and is answered all of them', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    peer.socket.write(names.map((name) => `${requestOf(name)}\n`).join(''));
    await daemon.wasAsked(SESSION_WAITING_MAX);
    await Peer.overtake(path);
    expect(daemon.asked).to.have.length(SESSION_WAITING_MAX);
    for (const name of names) {
      await daemon.wasAskedFor(name);
      daemon.answer(name);
    }
    expect(await peer.lines(1_000)).to.deep.equal(names.map((name) => replyTextOf(name)));
  });

  it('and never reads does not stop others, nor fill the memory', async () => {
    const { path, daemon } = served();
    daemon.padding = 'x'.repeat(10_000);
    const peer = await Peer.connect(path);
    peer.socket.pause();
    peer.socket.write(names.map((name) => `${requestOf(name)}\n`).join(''));
    for (let count = 0; count < 50; count++) {
      expect(await Peer.askOnce(path, requestOf('other'))).to.include('"other"');
    }
    expect(daemon.asked.length).to.be.within(60, 300);
    peer.socket.resume();
    expect(await peer.lines(1_000)).to.deep.equal(
      names.map((name) => replyTextOf(name, 'x'.repeat(10_000))),
    );
  });
});
