/** `metrics`: what the daemon counts, in the text format of Prometheus. */

import { Command } from 'commander';
import { askAndShow } from './ask-daemon.js';

const EXAMPLES = `
A Prometheus on this host reads the same from the daemon's --metrics-port.

Examples:
  $ epa-orchestrator metrics
  $ epa-orchestrator metrics > /var/lib/node_exporter/textfile/epa.prom`;

/** Makes the command. */
export function metricsCommand(): Command {
  return new Command('metrics')
    .summary('show what the daemon counts')
    .description('Shows what the daemon counts, in the text format of Prometheus.')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) =>
      askAndShow(command, { action: 'get_metrics' }, ({ metrics }) => metrics.trimEnd()),
    );
}
