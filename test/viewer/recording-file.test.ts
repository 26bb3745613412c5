/** A recording that somebody sent: read whole, or refused with the line that is wrong. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRecording } from '../../src/viewer/recording-file.js';
import { useDirectories } from '../cli/running.js';
import { TestHost } from '../daemon/harness.js';
import { Inspector } from '../daemon/inspector.js';

const INSPECTION = '{"type":"inspection","version":"1.0","time":"2026-01-02","daemon_version":"1"}';

describe('a recording in a file', () => {
  const makeDirectory = useDirectories();

  const written = (text: string): string => {
    const path = join(makeDirectory(), 'it.ndjson');
    writeFileSync(path, text);
    return path;
  };

  const refusal = (text: string): Promise<string> =>
    readRecording(written(text)).then(
      () => 'read',
      ({ message }: Error) => message,
    );

  it('shows what was seen when it was recorded', async () => {
    await using host = new TestHost();
    await host.start();
    const inspector = await new Inspector(host.socketPath).begin();
    await host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 3 });
    await inspector.until(({ type }) => type === 'reply');
    inspector.close();
    const text = inspector.lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { recording, source } = await readRecording(written(text));
    expect(source.kind).to.equal('file');
    expect(recording.end).to.equal(inspector.lines.length);
    expect(recording.seenBefore(recording.end)).to.deep.equal(inspector.seen);
  });

  it('leaves out a last line that breaks off, and what only a newer version knows', async () => {
    const { recording } = await readRecording(
      written(`${INSPECTION}\n{"type":"made up","x":1}\n${INSPECTION}\n{"type":"insp`),
    );
    expect(recording.end).to.equal(2);
  });

  for (const [what, text, reason] of [
    ['is empty', '', /no line of it is one/],
    ['is something else', 'root:x:0:0\nbin:x:1:1\n', /line 1 is not JSON/],
    ['is JSON of something else', '[1]\n', /line 1: /],
    [
      'has a line that breaks off',
      `${INSPECTION}\n{"type":\n${INSPECTION}\n`,
      /line 2 is not JSON/,
    ],
    ['lacks a field', `${INSPECTION}\n{"type":"inspection"}\n`, /line 2: inspection: version/],
    [
      'has a definition that is none',
      `{"type":"@xstate.actor","_version":"1","id":"1","createdAt":"1","rootId":"a","sessionId":"a","name":"x","parentId":null,"definition":"{","snapshot":{"status":"active"}}\n`,
      /line 1: @xstate.actor: definition: is no JSON/,
    ],
    [
      'has a time that is none',
      '{"type":"claimed","seq":1,"time":"soon","service_name":"a"}\n',
      /line 1: claimed: /,
    ],
  ] as const) {
    it(`is refused when it ${what}`, async () => {
      expect(await refusal(text))
        .to.match(reason)
        .and.contain('it.ndjson');
    });
  }

  it('says why it cannot be read', async () => {
    const path = join(makeDirectory(), 'nowhere');
    const message = await readRecording(path).then(
      () => '',
      ({ message: text }: Error) => text,
    );
    expect(message).to.match(/^cannot read the recording .*nowhere: ENOENT/);
  });
});
