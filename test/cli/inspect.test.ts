/** `inspect` as a person runs it: an address, a page, a recording, and Ctrl-C. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Running, runCli, serveSimulated, startCli, useDirectories } from './running.js';

const ADDRESS = /^Open (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)$/m;

/** The cookie and the origin of a browser that has used the printed address. */
async function openPage(inspecting: Running): Promise<{ origin: string; cookie: string }> {
  const address = ADDRESS.exec(await inspecting.untilWritten(ADDRESS))?.[1] ?? '';
  const answer = await fetch(address, { redirect: 'manual' });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { origin: new URL(address).origin, cookie };
}

/** What the page of this command would save now. */
async function saved({ origin, cookie }: { origin: string; cookie: string }): Promise<string> {
  return (await fetch(`${origin}/recording`, { headers: { cookie } })).text();
}

const typesIn = (recording: string): string[] =>
  recording
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);

describe('inspect', () => {
  const newDirectory = useDirectories();

  it('prints an address that opens the page, another one when it was used, and ends with Ctrl-C', async () => {
    const { socketPath, stop } = await serveSimulated(newDirectory(), 'dual-socket');
    const inspecting = startCli(['inspect', '--socket', socketPath]);
    const page = await openPage(inspecting);
    const { origin, cookie } = page;
    const html = await (await fetch(`${origin}/`, { headers: { cookie } })).text();
    expect(html).to.include('<div id="page">').and.to.include('page.js');
    const program = await fetch(`${origin}/page.js`, { headers: { cookie } });
    expect((await program.text()).length).to.be.above(10_000);
    await inspecting.untilWritten(/^It is open\. For another browser: http:\S+$/m);
    expect(typesIn(await saved(page))).to.include.members(['inspection', 'snapshot']);
    inspecting.process.kill('SIGINT');
    expect(await inspecting.ended).to.include({ status: 0, stderr: '' });
    await stop();
  });

  it('goes on with the next daemon when one ends, and keeps what was recorded', async () => {
    const directory = newDirectory();
    const first = await serveSimulated(directory, 'dual-socket');
    const inspecting = startCli(['inspect', '--socket', first.socketPath]);
    const page = await openPage(inspecting);
    await first.stop();
    await inspecting.untilWritten(/has ended the inspection.*looked for again/);
    const second = await serveSimulated(directory, 'dual-socket');
    await inspecting.untilWritten(/^the daemon is inspected again$/m);
    const types = typesIn(await saved(page));
    const landmarks = types.filter((type) => type.startsWith('inspection'));
    expect(landmarks).to.deep.equal(['inspection', 'inspection_ended', 'inspection']);
    inspecting.process.kill('SIGINT');
    expect((await inspecting.ended).status).to.equal(0);
    await second.stop();
  });

  it('records without a page, and shows a recording without a daemon', async () => {
    const directory = newDirectory();
    const { socketPath, cli, stop } = await serveSimulated(directory, 'dual-socket');
    const recording = startCli(['inspect', '--json', '--socket', socketPath]);
    await recording.untilWritten(/"type":"snapshot","seq"/);
    await cli('allocate', 'nova', '2');
    await recording.untilWritten(/"type":"reply"/);
    recording.process.kill('SIGINT');
    const { status, stdout } = await recording.ended;
    expect(status).to.equal(0);
    await stop();
    const file = join(directory, 'it.ndjson');
    writeFileSync(file, stdout);
    const inspecting = startCli(['inspect', file]);
    const page = await openPage(inspecting);
    // What breaks off at the end is no line.
    const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
    expect(await saved(page)).to.equal(whole);
    inspecting.process.kill('SIGTERM');
    expect((await inspecting.ended).status).to.equal(0);
  });

  it('says what is wrong, and what would work', async () => {
    const directory = newDirectory();
    const nowhere = join(directory, 'nowhere');
    const noRecording = join(directory, 'text');
    writeFileSync(noRecording, 'hello\n');
    for (const [words, status, message] of [
      [['--socket', nowhere], 1, /there is no socket/],
      [[nowhere], 1, /cannot read the recording .*nowhere: ENOENT/],
      [[noRecording], 1, /is no recording of an inspection \(line 1 is not JSON\)/],
      [[noRecording, '--json'], 2, /leave out --json/],
      [['--port', '70000'], 2, /whole number from 0 to 65535/],
    ] as const) {
      const ended = await runCli(['inspect', ...words]);
      expect(ended.stderr).to.match(message);
      expect(ended.status).to.equal(status);
    }
  });
});
