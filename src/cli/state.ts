/**
 * `state`: looks at what is stored, saves it, puts another state in its place. What the commands
 * do is loaded when they run, so that those that only ask the daemon start without it.
 */

import { Argument, Command } from 'commander';

const EXAMPLES = `
The state directory is found as the daemon finds it: by --state-dir, then
EPA_STATE_DIR, then "state_dir" in the configuration file, then the default.
"show", "verify" and "export" work whether a daemon serves or not; "import" and
"restore" need it to be stopped. With --json they print one JSON object.

Examples:
  $ epa-orchestrator state show
  $ epa-orchestrator state verify
  $ epa-orchestrator state export backup.json
  $ epa-orchestrator state restore backup.json       on the host it is of
  $ epa-orchestrator state import other-host.json    from elsewhere`;

const SHOW_EXAMPLES = `
FILE is an export, a copy that was kept, or a file of the older release; "-" is
standard input.

Exit status: 0 a whole state was found, 1 none was.

Examples:
  $ epa-orchestrator state show
  $ epa-orchestrator state show backup.json
  $ epa-orchestrator state show --json`;

const VERIFY_EXAMPLES = `
Exit status: 0 both copies are whole and say the same, or FILE is whole; 1 one
of them is not (the next start of the daemon heals it), neither is (no daemon
starts), nothing is stored there, or there is no such directory.

Examples:
  $ epa-orchestrator state verify
  $ epa-orchestrator state verify backup.json
  $ epa-orchestrator state verify - < backup.json`;

const EXPORT_EXAMPLES = `
What is written is the newest whole copy, as it is on disk. FILE appears as a
whole or not at all; one that exists is left alone, unless --force is given.

Examples:
  $ epa-orchestrator state export backup.json
  $ epa-orchestrator state export | gzip > backup.json.gz`;

const KEPT = `
What the directory had is kept beside it, under names such as
state.json.kept-20260102T030405Z, and can be put back with "state restore". When
the file is not whole, or anything fails, nothing is changed.
`;

const IMPORT_EXAMPLES = `
FILE is an export of another host or directory, or the older release's
state.json; "-" is standard input. CPUs that this machine does not have stay on
record until they are released.
${KEPT}
Examples:
  $ epa-orchestrator state import other-host.json
  $ epa-orchestrator state import - < other-host.json`;

const RESTORE_EXAMPLES = `
FILE is an export of this host, a copy of its state.json, or a copy that was
kept; "-" is standard input.
${KEPT}
Examples:
  $ epa-orchestrator state restore backup.json
  $ epa-orchestrator state restore state.json.kept-20260102T030405Z`;

/** Makes the command with all its subcommands. */
export function stateCommand(): Command {
  const state = new Command('state')
    .summary('look at the stored state, save it, put it back')
    .description('Looks at the stored state, saves it, or puts another one in its place.')
    .option('--state-dir <dir>', 'directory of the state')
    .option('--config <file>', 'configuration file (JSON) that may name it')
    .addHelpText('after', EXAMPLES);
  const commands = [
    showCommand(),
    verifyCommand(),
    exportCommand(),
    importCommand(),
    restoreCommand(),
  ];
  for (const command of commands) state.addCommand(command);
  return state;
}

function showCommand(): Command {
  return new Command('show')
    .summary('show what is stored')
    .description('Shows what is stored: claims on CPUs, hugepages, and whether it is whole.')
    .addArgument(new Argument('[file]', 'a state file to show instead'))
    .addHelpText('after', SHOW_EXAMPLES)
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const { showState } = await import('./state-report.js');
      await showState(command, file);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .summary('check that it is whole')
    .description('Checks that both copies of the state are whole, and says what is wrong.')
    .addArgument(new Argument('[file]', 'a state file to check instead'))
    .addHelpText('after', VERIFY_EXAMPLES)
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const { verifyState } = await import('./state-report.js');
      await verifyState(command, file);
    });
}

function exportCommand(): Command {
  return new Command('export')
    .summary('write it to one file')
    .description('Writes the state to one file, or to standard output.')
    .addArgument(new Argument('[file]', 'where to (default: standard output)'))
    .option('--force', 'replace the file if it exists')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const { exportState } = await import('./state-export.js');
      await exportState(command, file);
    });
}

function importCommand(): Command {
  return new Command('import')
    .summary('take over a state from elsewhere')
    .description('Makes a state from elsewhere the state of this directory.')
    .addArgument(new Argument('<file>', 'the state to take over'))
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(async (file: string, _options: object, command: Command) => {
      const { replaceAndTell } = await import('./state-replace.js');
      await replaceAndTell(command, file, 'import');
    });
}

function restoreCommand(): Command {
  return new Command('restore')
    .summary('put back a state of this host')
    .description("Puts back an earlier state of this host, instead of the directory's own.")
    .addArgument(new Argument('<file>', 'the state to put back'))
    .addHelpText('after', RESTORE_EXAMPLES)
    .action(async (file: string, _options: object, command: Command) => {
      const { replaceAndTell } = await import('./state-replace.js');
      await replaceAndTell(command, file, 'restore');
    });
}
