/**
 * The audit log: one JSON line for each change that is on disk, in a file of its own. Who asked,
 * for what, and what each service held before and after. Field by field in `docs/operations.md`.
 */

import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { pino } from 'pino';
import type { Owner } from '../core/caller.js';
import type { Change } from '../core/coordination.js';
import { listedClaim } from '../core/describe.js';
import type { Holdings } from '../core/holdings.js';
import { messageOf } from '../core/quoting.js';
import { requestWords } from '../protocol/request-words.js';
import type { Logger } from './log.js';

/** The audit log cannot be written. `message` says where and why. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
}

/** A file that came to this is renamed to `….1`, which replaces the one before: there are two at most. */
export const AUDIT_FILE_MAX_BYTES = 16 * 1024 * 1024;

/** Who may read it: it tells what every user did. */
const FILE_MODE = 0o600;

/** Lines that wait for a disk that does not write; beyond it they are dropped, and that is said. */
const UNWRITTEN_MAX_BYTES = 4 * 1024 * 1024;

/** Writes changes down. */
export interface AuditLog {
  record(change: Change, generation: number, now: Date): void;
  /** Goes on in a new file, where somebody else has renamed the old one. */
  reopen(): void;
  close(): Promise<void>;
}

/**
 * Opens an audit log, and goes on behind what is there.
 *
 * @param log hears when lines cannot be written
 * @throws AuditError when the file cannot be opened
 */
export function openAuditLog(path: string, log: Logger, maxBytes = AUDIT_FILE_MAX_BYTES): AuditLog {
  try {
    closeSync(openSync(path, 'a', FILE_MODE));
  } catch (error) {
    throw new AuditError(`cannot write the audit log: ${messageOf(error)}`);
  }
  const file = pino.destination({
    dest: path,
    sync: false,
    mode: FILE_MODE,
    maxLength: UNWRITTEN_MAX_BYTES,
  });
  let trouble = '';
  const complain = (reason: string) => {
    if (reason !== trouble) log.error({ file: path, reason }, 'the audit log cannot be written');
    trouble = reason;
  };
  file.on('error', (error) => complain(messageOf(error)));
  file.on('drop', () => complain('too much waits to be written; lines are dropped'));
  let length = 0;
  let isTurning = false;
  file.on('ready', () => {
    isTurning = false;
    length = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  });
  file.on('write', (writtenBytes: number) => {
    if (trouble !== '') log.info({ file: path }, 'the audit log can be written again');
    trouble = '';
    length += writtenBytes;
    if (length < maxBytes || isTurning) return;
    try {
      renameSync(path, `${path}.1`);
      isTurning = true;
      file.reopen();
    } catch (error) {
      complain(messageOf(error));
    }
  });
  return {
    record: (change, generation, now) => {
      file.write(`${JSON.stringify(auditEntry(change, generation, now))}\n`);
    },
    reopen: () => file.reopen(),
    close: () =>
      new Promise((resolve) => {
        // What cannot be written now will not be written any more.
        for (const event of ['close', 'error']) file.once(event, () => resolve());
        file.end();
      }),
  };
}

function auditEntry({ ticket, before, plan }: Change, generation: number, now: Date) {
  const { request, caller } = ticket;
  return {
    time: now.toISOString(),
    generation,
    caller,
    request: requestWords(request),
    claims: plan.claimChanges.map(({ serviceName }) => ({
      service_name: serviceName,
      owner: ownerAmong([before, plan.holdings], serviceName),
      before: claimIn(before, serviceName),
      after: claimIn(plan.holdings, serviceName),
    })),
    hugepages: plan.pageChanges.map(({ serviceName, nodeId, sizeKb, pageCount }) => ({
      service_name: serviceName,
      owner: ownerAmong([before, plan.holdings], serviceName),
      node_id: nodeId,
      size_kb: sizeKb,
      before: before.pagesOf(nodeId).get(serviceName)?.get(sizeKb) ?? 0,
      after: pageCount,
    })),
  };
}

/** To whom a service belonged, or belongs now if it held nothing. */
function ownerAmong(moments: readonly Holdings[], serviceName: string): Owner | null {
  const moment = moments.find((holdings) => holdings.holdsAnything(serviceName));
  return moment?.ownerOf(serviceName) ?? null;
}

function claimIn(holdings: Holdings, serviceName: string) {
  const claim = holdings.claims.get(serviceName);
  return claim === undefined ? null : listedClaim(serviceName, claim);
}
