import { expect } from 'chai';
import { shownEvent } from '../../src/inspect/shown.js';
import { messageDetail, servicesIn } from '../../src/page/line-words.js';
import type { EventLine } from '../../src/protocol/inspect-line.js';
import { cores, numaCores } from '../actors/requests.js';
import { ROOT } from '../core/callers.js';

describe('a message with several requests', () => {
  const stamp = { _version: '0.7.2', id: '1', createdAt: '0', rootId: 'x:0', sessionId: 'x:0' };
  const lineOf = (...requests: ReturnType<typeof cores | typeof numaCores>[]): EventLine => {
    const tickets = requests.map((request, requestId) => ({ requestId, request, caller: ROOT }));
    const event = shownEvent({ type: 'DECIDE', tickets } as { type: string });
    return { type: '@xstate.event', ...stamp, event, sourceId: null };
  };

  it('says each of them, and is about the services of all', () => {
    const line = lineOf(cores('nova', 6), numaCores('dpdk', 1, 2));
    expect(messageDetail(line)).to.equal(
      'allocate_cores nova 6; allocate_numa_cores dpdk 2 on node 1',
    );
    expect(servicesIn(line)).to.deep.equal(['nova', 'dpdk']);
  });

  it('is that of the one when there is one', () => {
    expect(messageDetail(lineOf(cores('nova', 6)))).to.equal('allocate_cores nova 6');
    expect(lineOf(cores('nova', 6)).event).to.include({ service_name: 'nova', num_of_cores: 6 });
  });
});
