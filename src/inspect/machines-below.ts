/** The state machines of a project, found where they are defined. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyStateMachine, StateMachine } from 'xstate';

/** A machine, and the file below `actors` that exports it. */
export interface DefinedMachine {
  readonly machine: AnyStateMachine;
  readonly fileName: string;
}

/** Loads every machine that `actors` below `root` exports; by the names of the files. */
export async function machinesBelow(root: string): Promise<DefinedMachine[]> {
  const directory = join(root, 'actors');
  const fileNames = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  const found: DefinedMachine[] = [];
  for (const fileName of fileNames.sort()) {
    const path = join(directory, fileName);
    const exported: Record<string, unknown> = await import(pathToFileURL(path).href);
    for (const machine of Object.values(exported)) {
      if (machine instanceof StateMachine) found.push({ machine, fileName });
    }
  }
  return found;
}
