/** The audit log: one line for each change that is on disk, and for nothing else. */

import { chmodSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { Holdings } from '../../src/core/holdings.js';
import { AuditError, type AuditLog, openAuditLog } from '../../src/daemon/audit.js';
import { ROOT } from '../core/callers.js';
import { TestHost, type Wire } from './harness.js';

const auditOf = (path: string): Wire[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const generationsIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line).generation);

/** A daemon with an audit log. */
class AuditedHost extends TestHost {
  readonly auditFile = join(this.directory, 'audit.log');

  override start(): Promise<void> {
    return super.start({ auditFile: this.auditFile });
  }

  /** All lines, once the daemon has ended. */
  async audit(): Promise<Wire[]> {
    await this.stop();
    return auditOf(this.auditFile);
  }
}

describe('the audit log', () => {
  it('says who asked for what, and what became of it for whom', async () => {
    await using host = new AuditedHost();
    await host.start();
    await host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 28 });
    await host.ask({
      action: 'allocate_numa_cores',
      service_name: 'dpdk',
      numa_node: 1,
      num_of_cores: 2,
      preemption_policy: 'legacy',
    });
    await host.ask({ action: 'allocate_cores_percent', service_name: 'nova', percent: -1 });
    await host.ask({
      action: 'allocate_hugepages',
      service_name: 'dpdk',
      hugepages_requested: 3,
      node_id: 1,
      size_kb: 2_048,
    });
    const lines = await host.audit();
    const { pid, uid, gid } = {
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    };
    for (const line of lines) {
      expect(line).to.have.all.keys(
        'time',
        'generation',
        'caller',
        'request',
        'claims',
        'hugepages',
      );
      expect(new Date(line['time']).toISOString()).to.equal(line['time']);
      expect(line['caller']).to.deep.include({ pid, uid, gid });
    }
    const generations = lines.map((line) => line['generation']);
    expect(generations).to.deep.equal([...generations].sort((a, b) => a - b));
    expect(lines.map((line) => line['request'])).to.deep.equal([
      {
        action: 'allocate_cores',
        service_name: 'nova',
        num_of_cores: 28,
        pool: 'isolated',
        preemption_policy: null,
      },
      {
        action: 'allocate_numa_cores',
        service_name: 'dpdk',
        numa_node: 1,
        num_of_cores: 2,
        pool: 'isolated',
        preemption_policy: 'legacy',
      },
      {
        action: 'allocate_cores_percent',
        service_name: 'nova',
        percent: -1,
        pool: 'isolated',
        preemption_policy: null,
      },
      {
        action: 'allocate_hugepages',
        service_name: 'dpdk',
        hugepages_requested: 3,
        node_id: 1,
        size_kb: 2_048,
      },
    ]);
    const claims = lines.flatMap((line) =>
      line['claims'].map((claim: Wire) => [
        claim['service_name'],
        claim['owner'].uid,
        claim['before']?.allocated_cores ?? null,
        claim['after']?.allocated_cores ?? null,
      ]),
    );
    const [all, left] = ['1-7,9-15,17-23,25-31', '1-7,10-15,17-23,26-31'];
    expect(claims).to.deep.equal([
      ['nova', uid, null, all],
      ['dpdk', uid, null, '9,25'],
      ['nova', uid, all, left],
      ['nova', uid, left, null],
    ]);
    expect(lines[3]?.['hugepages']).to.deep.equal([
      {
        service_name: 'dpdk',
        owner: lines[1]?.['claims'][0].owner,
        node_id: 1,
        size_kb: 2_048,
        before: 0,
        after: 3,
      },
    ]);
  });

  it('has no line for what only looked, was refused, or changed nothing', async () => {
    await using host = new AuditedHost();
    await host.start();
    await host.ask({ action: 'allocate_cores', service_name: 'a', num_of_cores: 2 });
    await host.ask({ action: 'allocate_cores', service_name: 'a', num_of_cores: 2 });
    await host.ask({ action: 'allocate_cores', service_name: 'b', num_of_cores: 99 });
    await host.ask({ action: 'list_allocations' });
    await host.ask({ action: 'allocate_cores', service_name: 'b', num_of_cores: -1 });
    expect(await host.audit()).to.have.length(1);
  });

  it('goes on behind what is there, and is for the daemon alone', async () => {
    await using host = new AuditedHost();
    for (const count of [1, 2]) {
      await host.start();
      await host.ask({ action: 'allocate_cores', service_name: 'a', num_of_cores: count });
      await host.stop();
    }
    expect(auditOf(host.auditFile)).to.have.length(2);
    expect(statSync(host.auditFile).mode & 0o777).to.equal(0o600);
  });

  it('goes on in a new file when the configuration is read again', async () => {
    await using host = new AuditedHost();
    await host.start();
    await host.ask({ action: 'allocate_cores', service_name: 'a', num_of_cores: 1 });
    renameSync(host.auditFile, `${host.auditFile}.old`);
    host.reconfigure({ auditFile: host.auditFile });
    await host.ask({ action: 'allocate_cores', service_name: 'a', num_of_cores: 2 });
    expect(await host.audit()).to.have.length(1);
    expect(auditOf(`${host.auditFile}.old`)).to.have.length(1);
  });

  describe('in its file', () => {
    let log: Wire[] = [];
    beforeEach(() => {
      log = [];
    });
    const logger = pino(
      { base: null },
      { write: (line: string) => void log.push(JSON.parse(line)) },
    );
    const change = (serviceName: string) => ({
      ticket: {
        ticketId: 1,
        caller: ROOT,
        request: {
          action: 'allocate_hugepages',
          serviceName,
          nodeId: 0,
          sizeKb: 4,
          pageCount: 1,
          isDryRun: false,
          requestId: null,
        } as const,
      },
      before: Holdings.none,
      plan: {
        reply: { version: '1.0' } as never,
        claimChanges: [],
        pageChanges: [],
        holdings: Holdings.none,
      },
    });
    const record = (audit: AuditLog, count: number) => {
      for (let index = 0; index < count; index++)
        audit.record(change(`s${index}`), index, new Date(0));
    };

    it('keeps two files of bounded length, and the last lines whole', async () => {
      await using host = new TestHost();
      const path = join(host.directory, 'audit.log');
      const audit = openAuditLog(path, logger, 2_000);
      const kept = () =>
        [`${path}.1`, path].flatMap((name) => (existsSync(name) ? generationsIn(name) : []));
      for (let generation = 0; generation < 100; generation++) {
        audit.record(change('s'), generation, new Date(0));
        while (kept().at(-1) !== generation) await nextTurn();
      }
      await audit.close();
      const last = kept();
      expect(last).to.have.length.within(10, 60);
      expect(last).to.deep.equal(last.map((_, index) => 100 - last.length + index));
      for (const name of [path, `${path}.1`]) expect(statSync(name).size).to.be.below(2_500);
      expect(existsSync(`${path}.2`)).to.equal(false);
    });

    it('counts what was there before, and what is there after it was opened again', async () => {
      await using host = new TestHost();
      const path = join(host.directory, 'audit.log');
      const written = async (audit: AuditLog, generation: number) => {
        audit.record(change('s'), generation, new Date(0));
        while (
          ![path, `${path}.1`].some(
            (name) => existsSync(name) && generationsIn(name).includes(generation),
          )
        ) {
          await nextTurn();
        }
      };
      const first = openAuditLog(path, logger, 1_000);
      await written(first, 1);
      await first.close();
      const second = openAuditLog(path, logger, 1_000);
      await written(second, 2);
      // Nobody has renamed it: what is in it counts on.
      second.reopen();
      for (let generation = 3; generation < 8; generation++) await written(second, generation);
      await second.close();
      expect(generationsIn(`${path}.1`)[0]).to.equal(1);
      expect(statSync(`${path}.1`).size).to.be.below(1_500);
    });

    it('is refused where it cannot be opened', async () => {
      await using host = new TestHost();
      expect(() => openAuditLog(join(host.directory, 'no', 'audit.log'), logger)).to.throw(
        AuditError,
        /cannot write the audit log: ENOENT.*no\/audit\.log/,
      );
    });

    it('tells of trouble once, and ends all the same', async function () {
      if (!existsSync('/dev/full')) this.skip();
      const audit = openAuditLog('/dev/full', logger);
      record(audit, 3);
      await audit.close();
      const told = log.filter(({ msg }) => msg === 'the audit log cannot be written');
      expect(told).to.have.length(1);
      expect(told[0]).to.include({ file: '/dev/full' });
      expect(told[0]?.['reason']).to.match(/^ENOSPC/);
    });
  });

  it('in a directory that is not there keeps the daemon from starting', async () => {
    await using host = new TestHost();
    chmodSync(host.directory, 0o755);
    const started = host.start({ auditFile: join(host.directory, 'no', 'audit.log') });
    expect(await started.then(() => 'started', String)).to.match(
      /AuditError: cannot write the audit log/,
    );
  });
});
