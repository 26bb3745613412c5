/** What a configuration that was read again means to a daemon that runs. */

import { expect } from 'chai';
import { compareConfigs, type RawSettings, readConfig } from '../../src/config/config.js';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS } from '../../src/core/cpu-set.js';

const config = (settings: RawSettings) =>
  readConfig({ socketPath: '/run/x.sock', stateDirectory: '/state', ...settings }, {}, undefined);

describe('compareConfigs', () => {
  it('finds nothing in a configuration that says the same', () => {
    const before = config({ cpuPool: '2-4' });
    const { changed, needRestart, inForce } = compareConfigs(before, config({ cpuPool: '4,2-3' }));
    expect({ changed, needRestart }).to.deep.equal({ changed: [], needRestart: [] });
    expect(inForce).to.deep.equal(before);
  });

  it('takes over pools, schedule and log level', () => {
    const after = config({ cpuPool: '2-5', rescanIntervalMs: 200, logLevel: 'debug' });
    const { changed, needRestart, inForce } = compareConfigs(config({ cpuPool: '2' }), after);
    expect(changed).to.deep.equal(['cpu_pool', 'rescan_interval_ms', 'log_level']);
    expect(needRestart).to.deep.equal([]);
    expect(inForce).to.deep.equal(after);
    expect(formatCpuList(inForce.cpuPool.general ?? NO_CPUS)).to.equal('2-5');
  });

  it('takes over the numbers of the default share', () => {
    const after = config({ largeMachineCpus: 8, largeMachineReservedCpus: 2 });
    const { changed, inForce } = compareConfigs(config({ smallMachinePercent: '50' }), after);
    expect(changed).to.deep.equal([
      'large_machine_cpus',
      'large_machine_reserved_cpus',
      'small_machine_percent',
    ]);
    expect(inForce).to.deep.equal(after);
  });

  it('refuses a reserve that would leave nothing of a large machine', () => {
    expect(() => config({ largeMachineReservedCpus: 101 })).to.throw(
      'cannot use 101 from --large-machine-reserved-cpus: must not be more than what makes a ' +
        'machine a large one: 100 CPUs',
    );
  });

  it('takes over the port of the metrics, which is none unless it is said', () => {
    const before = config({});
    expect(before.metricsPort).to.equal(0);
    const { changed, inForce } = compareConfigs(before, config({ metricsPort: '9123' }));
    expect(changed).to.deep.equal(['metrics_port']);
    expect(inForce.metricsPort).to.equal(9_123);
    for (const [port, because] of [
      ['99999', 'must be 65535 or less'],
      ['-1', 'must be 0 (none) or more'],
      ['http', 'must be the number of a port'],
    ] as const) {
      expect(() => config({ metricsPort: port })).to.throw(
        `cannot use "${port}" from --metrics-port: ${because}`,
      );
    }
  });

  it('tells a pool without CPUs from no pool', () => {
    const { changed, inForce } = compareConfigs(config({ cpuPool: '2' }), config({}));
    expect(changed).to.deep.equal(['cpu_pool']);
    expect(inForce.cpuPool.general).to.equal(null);
  });

  it('leaves in force what takes a restart, and says so', () => {
    const before = config({});
    const after = config({
      socketPath: '/run/y.sock',
      stateDirectory: '/other',
      sysfsRoot: '/tree',
      rescanIntervalMs: 200,
    });
    const { changed, needRestart, inForce } = compareConfigs(before, after);
    expect(changed).to.deep.equal(['rescan_interval_ms']);
    expect(needRestart).to.deep.equal(['socket', 'state_dir', 'sysfs_root']);
    expect(inForce).to.deep.equal({ ...before, rescanIntervalMs: 200 });
  });
});
