/**
 * The client for programs, which the package exports as `epa-orchestrator/client`: every action as a
 * method, in the words of the protocol. `docs/client.md` shows how it is used.
 */

import { readSocketPath } from '../config/config.js';
import type { RecordingLine } from '../protocol/inspect-line.js';
import type { Replies, Seen } from '../protocol/reply.js';
import type { WireFields } from '../protocol/request.js';
import { endable } from './endable.js';
import { inspect } from './inspect.js';
import { RefusedError } from './refused-error.js';
import { type Asked, ask, type WireRequest } from './request.js';
import { type WatchedLine, watchOn } from './watch-on.js';

export { ConfigError } from '../config/config.js';
export { ERROR_CODES, type ErrorCode } from '../protocol/error-codes.js';
export type { RecordingLine } from '../protocol/inspect-line.js';
export type {
  ErrorReply,
  ListedAllocation,
  NodeMemory,
  PoolCpus,
  Preemption,
  Replies,
  StoreStatus,
  SysfsTrouble,
  TopologyNode,
} from '../protocol/reply.js';
export type { DaemonCondition, PageRecordLine, PageTotal } from '../protocol/watch-event.js';
export type { Policy, PoolName } from '../protocol/wire-fields.js';
export { ClientError, type ClientErrorReason } from './client-error.js';
export { RefusedError } from './refused-error.js';
export type { UnknownWatchLine, WatchLine } from './watch-lines.js';
export type { InterruptedLine, WatchedLine } from './watch-on.js';

/** The fields of a request, beside `version` and `action`. What is `undefined` is left out. */
export type Fields<Action extends Asked | 'watch'> = Seen<WireFields<Action>>;

/** Settings of a client. */
export interface EpaClientOptions {
  /**
   * The daemon's socket. By default it is found as the command line finds it: by `EPA_SOCKET`, the
   * configuration file of `EPA_CONFIG`, or where the daemon has it by default.
   */
  readonly socketPath?: string | undefined;
  /** How long a request may take, from connecting to the end of its reply; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
}

/** Settings of one request. */
export interface CallOptions {
  /** Instead of that of the client. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when it aborts; the daemon may do what was asked all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** A durable write on a slow disk takes a second or two; nobody waits for half a minute. */
const TIMEOUT_MS = 30_000;

/**
 * Asks the daemon of this host. Each request has a connection of its own, so that none waits for
 * another, and a daemon that was restarted in between makes no difference.
 *
 * All methods reject with {@link RefusedError} when the daemon says no, with {@link ClientError} when
 * there is no reply, and with the signal's reason when it aborts.
 */
export class EpaClient {
  /** The daemon's socket. */
  readonly socketPath: string;
  readonly #timeoutMs: number;

  /** @throws ConfigError when no usable path of a socket can be found */
  constructor({ socketPath, timeoutMs = TIMEOUT_MS }: EpaClientOptions = {}) {
    this.socketPath = readSocketPath(socketPath);
    this.#timeoutMs = timeoutMs;
  }

  /** Asks for any action that has a reply, by its name in the protocol. */
  async request<Action extends Asked>(
    action: Action,
    fields: Fields<Action>,
    { timeoutMs = this.#timeoutMs, signal }: CallOptions = {},
  ): Promise<Replies[Action]> {
    const request: WireRequest<Action> = Object.assign({}, fields, { action });
    const answer = await ask<Action>(this.socketPath, request, { timeoutMs, signal });
    if (answer.isGranted) return answer.reply;
    throw new RefusedError(answer.error, answer.text);
  }

  /** Replaces all that a service holds; `num_of_cores` of 0, or none, is the default share. */
  allocateCores(
    fields: Fields<'allocate_cores'>,
    options?: CallOptions,
  ): Promise<Replies['allocate_cores']> {
    return this.request('allocate_cores', fields, options);
  }

  /** As {@link allocateCores}, by a share of the pool. */
  allocateCoresPercent(
    fields: Fields<'allocate_cores_percent'>,
    options?: CallOptions,
  ): Promise<Replies['allocate_cores_percent']> {
    return this.request('allocate_cores_percent', fields, options);
  }

  /** Claims CPUs of one NUMA node, by force if it may and must. */
  allocateNumaCores(
    fields: Fields<'allocate_numa_cores'>,
    options?: CallOptions,
  ): Promise<Replies['allocate_numa_cores']> {
    return this.request('allocate_numa_cores', fields, options);
  }

  /** Records hugepages for a service on a node. */
  allocateHugepages(
    fields: Fields<'allocate_hugepages'>,
    options?: CallOptions,
  ): Promise<Replies['allocate_hugepages']> {
    return this.request('allocate_hugepages', fields, options);
  }

  /** Makes several changes, all or none. A refusal names the step in `details.step`. */
  transact(fields: Fields<'transact'>, options?: CallOptions): Promise<Replies['transact']> {
    return this.request('transact', fields, options);
  }

  /** The claims of a pool. */
  listAllocations(
    fields: Fields<'list_allocations'> = {},
    options?: CallOptions,
  ): Promise<Replies['list_allocations']> {
    return this.request('list_allocations', fields, options);
  }

  /** Hugepages of every node: what the kernel has, and what is recorded for whom. */
  getMemoryInfo(
    fields: Fields<'get_memory_info'> = {},
    options?: CallOptions,
  ): Promise<Replies['get_memory_info']> {
    return this.request('get_memory_info', fields, options);
  }

  /** The machine, and who holds what of it. */
  getTopology(
    fields: Fields<'get_topology'> = {},
    options?: CallOptions,
  ): Promise<Replies['get_topology']> {
    return this.request('get_topology', fields, options);
  }

  /** The daemon itself: how it is, how full, and what it has done. */
  getStatus(
    fields: Fields<'get_status'> = {},
    options?: CallOptions,
  ): Promise<Replies['get_status']> {
    return this.request('get_status', fields, options);
  }

  /** The same as numbers, in the text format of Prometheus. */
  getMetrics(
    fields: Fields<'get_metrics'> = {},
    options?: CallOptions,
  ): Promise<Replies['get_metrics']> {
    return this.request('get_metrics', fields, options);
  }

  /**
   * The whole picture, then every change of it, until `signal` aborts or the caller has seen enough.
   * When the daemon ends or the caller reads too slowly, there is a line `interrupted`; as soon as it
   * can be watched again, a new `snapshot`, with which everything begins anew.
   *
   * The first attempt must succeed: the iteration rejects with {@link ClientError} when the daemon
   * cannot be reached then, and at any time with {@link RefusedError} when it says no.
   */
  watch(
    { services }: Pick<Fields<'watch'>, 'services'> = {},
    { signal }: Pick<CallOptions, 'signal'> = {},
  ): AsyncGenerator<WatchedLine, void, undefined> {
    return watchOn(this.socketPath, { services: services ?? undefined }, signal);
  }

  /**
   * What the daemon's state machines hear and become, for those who debug it. Rejects with
   * {@link ClientError} when the daemon ends it.
   */
  inspect({
    signal,
  }: Pick<CallOptions, 'signal'> = {}): AsyncGenerator<RecordingLine, void, undefined> {
    const { socketPath } = this;
    return endable(async function* (ending) {
      for await (const followed of inspect(socketPath, ending)) {
        if ('error' in followed) throw new RefusedError(followed.error, followed.text);
        yield followed.line;
      }
    }, signal);
  }
}
