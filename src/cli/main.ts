#!/usr/bin/env node
/** The program `epa-orchestrator`: the daemon and its command line in one. */

import { runProgram } from './program.js';

// Whoever reads the output may have seen enough: `epa-orchestrator list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await runProgram(process.argv);
