/**
 * The commands. Each is loaded only when it is wanted: most of what the command line can do, the
 * daemon need not wait for when it starts.
 */

import type { Command } from 'commander';

/** By name, in the order in which help lists them. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serveCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
  list: async () => (await import('./list.js')).listCommand(),
  allocate: async () => (await import('./allocate.js')).allocateCommand(),
  release: async () => (await import('./release.js')).releaseCommand(),
  hugepages: async () => (await import('./hugepages.js')).hugepagesCommand(),
  transact: async () => (await import('./transact.js')).transactCommand(),
  memory: async () => (await import('./memory.js')).memoryCommand(),
  topology: async () => (await import('./topology.js')).topologyCommand(),
  watch: async () => (await import('./watch.js')).watchCommand(),
  inspect: async () => (await import('./inspect.js')).inspectCommand(),
  status: async () => (await import('./status.js')).statusCommand(),
  metrics: async () => (await import('./metrics.js')).metricsCommand(),
  state: async () => (await import('./state.js')).stateCommand(),
};

/**
 * Loads the command that the words of a command line begin with, or all of them: for help on them,
 * and for a name that is near the one that was meant.
 */
export async function loadCommands(words: readonly string[]): Promise<Command[]> {
  const first = words.find((word) => !word.startsWith('-'));
  const wanted = Object.entries(COMMANDS).filter(([name]) => name === first);
  const loaded = wanted.length === 0 ? Object.entries(COMMANDS) : wanted;
  return Promise.all(loaded.map(([, load]) => load()));
}
