/** What a row of the messages says, and which services it is about. */

import type { EventLine, ReplyLine, ShownEvent } from '../protocol/inspect-line.js';
import type { ClaimReply } from '../protocol/reply.js';
import { formatPageSize } from '../words/sizes.js';

/** What a message carries, in short; `''` = nothing worth a word. */
export function messageDetail({ event }: EventLine): string {
  const { type, action, requests } = event;
  if (typeof action === 'string') return requestWords(event);
  if (Array.isArray(requests)) {
    return requests.map((request) => requestWords({ type, ...request })).join('; ');
  }
  switch (type) {
    case 'APPLY':
    case 'SYNC':
      return [nodeWords(event), ...holdingWords(event)].join('; ');
    case 'FACTS':
      return `CPUs ${event['online_cpus']} online`;
    case 'STORED':
    case 'WRITTEN':
      return `generation ${event['generation']}`;
    case 'STORE_FAILED':
      return textOf(event['store_problem']);
    default:
      return problemWords(event['sysfs_problem']) || textOf(event['reason']);
  }
}

/** Such as `allocate_numa_cores dpdk 12 on node 0`. */
function requestWords(event: Omit<ShownEvent, 'type'>): string {
  const count = event['num_of_cores'] ?? event['hugepages_requested'];
  const percent = event['percent'];
  const node = event['numa_node'] ?? event['node_id'];
  const sizeKb = event['size_kb'];
  const steps = listOf(event['steps']);
  if (steps.length > 0) return `${event['action']}: ${steps.map(requestWords).join(', ')}`;
  return [
    event['action'],
    event['service_name'],
    count,
    ...(percent === undefined ? [] : [`${percent}%`]),
    ...(typeof sizeKb === 'number' ? [`× ${formatPageSize(sizeKb)}`] : []),
    ...(node === undefined ? [] : [`on node ${node}`]),
    ...(event['pool'] === 'general' ? ['of the general pool'] : []),
    event['preemption_policy'],
    event['dry_run'] === true ? '(only tried)' : '',
  ]
    .map(textOf)
    .filter((word) => word !== '')
    .join(' ');
}

function nodeWords({ node_id }: ShownEvent): string {
  return node_id === null ? 'no node' : `node ${node_id}`;
}

function holdingWords(event: ShownEvent): string[] {
  const claims = listOf(event['allocations']).map(
    ({ service_name, allocated_cores }) => `${service_name} ${allocated_cores || 'none'}`,
  );
  const pages = listOf(event['hugepage_records']).map(
    ({ service_name, size_kb, count }) =>
      `${service_name} ${count} × ${formatPageSize(Number(size_kb))}`,
  );
  return [...claims, ...pages];
}

/** What a client is told: what it got, or why it got nothing. */
export function replyWords({ reply }: Pick<ReplyLine, 'reply'>): {
  readonly text: string;
  readonly isBad: boolean;
} {
  const fields = reply as Readonly<Record<string, unknown>>;
  if (typeof fields['error'] === 'string') {
    return { text: `${textOf(fields['code'])}: ${fields['error']}`, isBad: true };
  }
  const results = listOf(fields['results']) as unknown as readonly ClaimReply[];
  if (results.length > 0) {
    return { text: results.map((reply) => replyWords({ reply }).text).join('; '), isBad: false };
  }
  const got = fields['cores_allocated'];
  const cpus = typeof got === 'string' ? got : fields['allocated_cores'];
  const taken = listOf(fields['preempted']).map(
    ({ service_name, cpus: lost }) => `${service_name} lost ${lost}`,
  );
  const words = [
    fields['dry_run'] === true ? 'only tried' : '',
    textOf(fields['service_name']),
    ...(typeof cpus === 'string' ? [cpus === '' ? 'no CPU' : `CPUs ${cpus}`] : []),
    textOf(fields['message']),
    ...taken,
  ];
  return { text: words.filter((word) => word !== '').join('; '), isBad: false };
}

/** Names of all services that a line is about, wherever they stand in it. */
export function servicesIn(value: unknown): string[] {
  const names = new Set<string>();
  const walk = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null) return;
    for (const [key, deeper] of Object.entries(inner)) {
      if ((key === 'service_name' || key === 'by') && typeof deeper === 'string') names.add(deeper);
      else walk(deeper);
    }
  };
  walk(value);
  names.delete('');
  return [...names];
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value : [];
}

function problemWords(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return '';
  const { path, reason } = problem as { readonly path?: unknown; readonly reason?: unknown };
  return `${textOf(path)}: ${textOf(reason)}`;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
