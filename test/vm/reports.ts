/**
 * What scenarios report. All of them run in one boot, which begins when a test wants the first
 * report; where no guest can be had, tests are skipped, and the output says why.
 */

import { Boot } from './boot.js';
import type { Reports } from './guest/scenarios.js';
import { Missing } from './packages.js';

let boot: Promise<Boot> | undefined;
let isSaid = false;

/** The report of a scenario, for the tests of the surrounding `describe`. */
export function useReport<Name extends keyof Reports>(scenario: Name): () => Reports[Name] {
  let report: Reports[Name];
  before(async function () {
    boot ??= Boot.start();
    try {
      report = (await (await boot).report(scenario)) as Reports[Name];
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      if (!isSaid) process.stdout.write(`  SKIPPED: a guest cannot be had. ${error.message}\n`);
      isSaid = true;
      this.skip();
    }
  });
  return () => report;
}
