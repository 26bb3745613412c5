/** What the daemon counts: in the status, and as metrics over the socket and over HTTP. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { METRICS_CONNECTIONS_MAX } from '../../src/protocol/limits.js';
import { freePort } from '../process/free-port.js';
import { readOnce, TestHost, type Wire } from './harness.js';
import { obstructWrites } from './obstacle.js';

const cores = (service_name: string, num_of_cores: number): Wire => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
});
const numa = (service_name: string, numa_node: number, num_of_cores: number): Wire => ({
  action: 'allocate_numa_cores',
  service_name,
  numa_node,
  num_of_cores,
});
const statusOf = (host: TestHost) => host.ask({ action: 'get_status' });

/** A metric as a reader of the format has it. */
interface Family {
  readonly type: string;
  readonly help: string;
  /** Name and labels as they stand there → value. */
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE = /^([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (\S+)$/;

/** Reads the text format; throws at what is not of it. */
function parseMetrics(whole: string): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const block of whole.trimEnd().split('\n\n')) {
    const [help = '', type = '', ...lines] = block.split('\n');
    const [, name = '', sentence = ''] = /^# HELP (\S+) (.+)$/.exec(help) ?? [];
    expect(type).to.match(new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`));
    const samples = lines.map((line): [string, number] => {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      expect(sample, line).to.match(new RegExp(`^${name}(_bucket|_sum|_count)?$`));
      return [sample + labels, Number(value)];
    });
    expect(families.has(name), name).to.equal(false);
    const kind = type.slice(type.lastIndexOf(' ') + 1);
    families.set(name, { type: kind, help: sentence, samples: new Map(samples) });
  }
  return families;
}

async function metricsOf(host: TestHost): Promise<Map<string, Family>> {
  const reply = await host.ask({ action: 'get_metrics' });
  expect(reply['content_type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(reply['metrics']);
}

interface Page {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

async function get(port: number, path = '/metrics', method = 'GET', host = ''): Promise<Page> {
  const headers = host === '' ? {} : { host };
  const asked = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { statusCode: status, headers: said } = response;
  return { status, type: said['content-type'], text: await text(response) };
}

describe('the status', () => {
  it('counts requests by action and by how they end, and what became of them', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 26));
    await host.ask(cores('nova', 26));
    await host.ask(numa('dpdk', 1, 8));
    await host.ask(cores('late', 99));
    await host.ask({ action: 'allocate_cores', service_name: '' });
    await host.send('no request');
    const watcher = host.connect();
    watcher.write('{"action":"watch"}');
    await readOnce(watcher);
    const { counts, limits, scans } = await statusOf(host);
    expect(counts.requests).to.deep.equal({
      allocate_cores: { OK: 2, INSUFFICIENT_CPUS: 1 },
      allocate_numa_cores: { OK: 1 },
      none: { INVALID_REQUEST: 2 },
      watch: { OK: 1 },
    });
    expect(counts).to.include({
      changes: 2,
      // One more than changes: at the start the state is written in any case.
      commits: 3,
      preemptions: 1,
      commit_failures: 0,
      scan_failures: 0,
      look_failures: 0,
      connections: 8,
      connections_turned_away: 0,
    });
    expect(counts.looks).to.equal(4);
    expect(counts.scans).to.be.at.least(1);
    // A connection that has just ended may not be gone yet.
    expect(limits.connections.used).to.be.at.least(2);
    expect(limits.watchers).to.deep.equal({ used: 1, max: 256 });
    expect(scans).to.include({ interval_ms: 5_000, failures_in_a_row: 0 });
    watcher.destroy();
  });

  it('counts no change where a reply is remembered, and nothing else', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 2));
    await host.ask({ ...cores('nova', 2), request_id: 'once' });
    const { counts } = await statusOf(host);
    expect(counts).to.include({ changes: 1, commits: 3 });
  });

  it('tells what is held for peers who have not sent all', async () => {
    await using host = new TestHost();
    await host.start();
    const slow = host.connect();
    await once(slow, 'connect');
    slow.write('{"action":"list_allo');
    // It is read at some later time.
    let held = 0;
    while (held === 0) held = (await statusOf(host))['limits'].held_bytes.used;
    expect(held).to.equal('{"action":"list_allo'.length);
    slow.destroy();
  });

  it('counts scans and writes that fail', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: 100 });
    host.spoilSysfsFile('devices/system/cpu/online');
    while ((await statusOf(host))['scans'].failures_in_a_row === 0);
    const { counts, scans } = await statusOf(host);
    expect(counts.scan_failures).to.be.at.least(scans.failures_in_a_row);
    host.mendSysfsFile('devices/system/cpu/online', '0-31\n');
    while ((await statusOf(host))['scans'].failures_in_a_row > 0);
    const makeWay = obstructWrites(host);
    expect(await host.ask(cores('nova', 1))).to.include({ code: 'STORAGE_FAILED' });
    const failing = await statusOf(host);
    expect(failing['counts'].commit_failures).to.be.at.least(1);
    expect(failing['counts'].changes).to.equal(0);
    expect((await metricsOf(host)).get('epa_orchestrator_store_failing')?.samples).to.deep.equal(
      new Map([['epa_orchestrator_store_failing', 1]]),
    );
    makeWay();
    while ((await statusOf(host))['store'].problem !== null);
  });
});

describe('the metrics', () => {
  it('say in the Prometheus format what the status says', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 26));
    await host.ask(numa('dpdk', 1, 8));
    await host.ask(cores('late', 99));
    const { counts, limits, store, services, pools } = await statusOf(host);
    const metrics = await metricsOf(host);
    const metricOf = (name: string, labels = '') =>
      metrics.get(`epa_orchestrator_${name}`)?.samples.get(`epa_orchestrator_${name}${labels}`);
    expect(metricOf('requests_total', '{action="allocate_cores",code="OK"}')).to.equal(1);
    expect(
      metricOf('requests_total', '{action="allocate_cores",code="INSUFFICIENT_CPUS"}'),
    ).to.equal(1);
    expect(metricOf('changes_total')).to.equal(counts.changes);
    expect(metricOf('preemptions_total')).to.equal(1);
    expect(metricOf('connections_total')).to.equal(counts.connections + 1);
    expect(metricOf('connections_limit')).to.equal(limits.connections.max);
    expect(metricOf('held_limit_bytes')).to.equal(limits.held_bytes.max);
    expect(metricOf('state_generation')).to.equal(store.generation);
    expect(metricOf('services')).to.equal(services);
    expect(metricOf('pool_free_cpus', '{pool="isolated"}')).to.equal(pools.isolated.free_cpus);
    expect(metricOf('store_failing')).to.equal(0);
    const commits = metrics.get('epa_orchestrator_commit_duration_seconds')?.samples;
    expect(commits?.get('epa_orchestrator_commit_duration_seconds_count')).to.equal(counts.commits);
  });

  it('have names and labels by the rules, all of them documented, and no names of services', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('very-special', 2));
    const metrics = await metricsOf(host);
    const documented = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    for (const [name, { type, help, samples }] of metrics) {
      expect(documented, name).to.include(`\`${name.replace(/^epa_orchestrator_/, '')}\``);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      if (type === 'histogram') expect(name).to.match(/_seconds$/);
      expect(help, name).to.match(/^[A-Z0-9].*\.$/);
      expect(samples.size, name).to.be.at.least(1);
      const labels = [...samples.keys()].flatMap((sample) => [...sample.matchAll(/([a-z_]+)=/g)]);
      const allowed = ['action', 'code', 'pool', 'le', 'version', 'node_version'];
      expect(allowed, name).to.include.members(labels.map((match) => match[1]));
      expect([...samples.keys()].join(), name).not.to.include('very-special');
    }
    expect(metrics.size).to.be.above(30);
  });

  it('have histograms that add up', async () => {
    await using host = new TestHost();
    await host.start();
    for (const count of [1, 2, 3]) await host.ask(cores('nova', count));
    const { samples } =
      (await metricsOf(host)).get('epa_orchestrator_request_duration_seconds') ??
      expect.fail('there is no such histogram');
    const within = [...samples].filter(([sample]) =>
      sample.includes('_bucket{action="allocate_cores"'),
    );
    const counts = within.map(([, value]) => value);
    expect(counts).to.deep.equal([...counts].sort((a, b) => a - b));
    expect(within.at(-1)).to.deep.equal([
      'epa_orchestrator_request_duration_seconds_bucket{action="allocate_cores",le="+Inf"}',
      3,
    ]);
    const ofAction = (name: string) =>
      samples.get(`epa_orchestrator_request_duration_seconds_${name}{action="allocate_cores"}`);
    expect(ofAction('count')).to.equal(3);
    expect(ofAction('sum')).to.be.above(0);
  });
});

describe('the metrics port', () => {
  it('answers GET /metrics by this host, and nothing else', async () => {
    await using host = new TestHost();
    const port = await freePort();
    await host.start({ metricsPort: port });
    const page = await get(port);
    expect(page.status).to.equal(200);
    expect(page.type).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect([...parseMetrics(page.text).keys()]).to.include('epa_orchestrator_changes_total');
    expect((await get(port, '/metrics?x=1')).status).to.equal(200);
    expect((await get(port, '/metrics', 'GET', `localhost:${port}`)).status).to.equal(200);
    expect((await get(port, '/')).status).to.equal(404);
    expect((await get(port, '/metrics/')).status).to.equal(404);
    for (const method of ['POST', 'HEAD', 'DELETE']) {
      expect((await get(port, '/metrics', method)).status, method).to.equal(405);
    }
    const foreign = await get(port, '/metrics', 'GET', 'evil.example');
    expect(foreign).to.include({ status: 403, text: 'This host has no such name.\n' });
    await host.stop();
    expect(await refuses(port)).to.equal(true);
  });

  it('says in the log that it cannot be had, and serves on', async () => {
    await using host = new TestHost();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await host.start({ metricsPort: port });
    expect(host.log.find(({ msg }) => msg.startsWith('the metrics port'))).to.deep.include({
      level: 50,
      port,
    });
    expect(await host.ask(cores('nova', 1))).to.include({ cores_allocated: 1 });
    other.close();
    await once(other, 'close');
    host.reconfigure({ metricsPort: port });
    while (await refuses(port));
    expect((await get(port)).status).to.equal(200);
  });

  it('moves, and goes, when the configuration says so', async () => {
    await using host = new TestHost();
    const [first, second] = [await freePort(), await freePort()];
    await host.start({ metricsPort: first });
    host.reconfigure({ metricsPort: second });
    while (await refuses(second));
    expect(await refuses(first)).to.equal(true);
    host.reconfigure({ metricsPort: 0 });
    while (!(await refuses(second)));
    expect(await host.ask({ action: 'get_status' })).to.include({ version: '1.0' });
  });

  it('lets no more in than it can have open', async () => {
    await using host = new TestHost();
    const port = await freePort();
    await host.start({ metricsPort: port });
    const idle: Socket[] = [];
    for (let count = 0; count < METRICS_CONNECTIONS_MAX; count++) {
      const socket = connect({ port, host: '127.0.0.1' });
      await once(socket, 'connect');
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await readOnce(socket);
      idle.push(socket);
    }
    const late = connect({ port, host: '127.0.0.1' });
    late.on('error', () => undefined);
    await once(late, 'close');
    for (const socket of idle) socket.destroy();
    expect(await host.ask({ action: 'get_status' })).to.include({ version: '1.0' });
  });
});

/** Whether nobody listens. */
async function refuses(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}
