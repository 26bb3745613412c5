/** What a peer may ask of the socket, each limit with its reason. */

/** Longest request, in bytes (wire contract, section 1). */
export const REQUEST_MAX_BYTES = 64 * 1024;

/** Deepest nesting of a request's JSON (wire contract, section 1). */
export const REQUEST_MAX_DEPTH = 32;

/** Who may `watch` at a time: each change is written to all of them. */
export const WATCHERS_MAX = 256;

/** Who may `inspect` at a time: each message between actors is written to all of them. */
export const INSPECTORS_MAX = 8;

/**
 * What may wait of an inspection that is not read as fast as it goes on. A thousand requests at once
 * make some 8 MiB of lines within one turn of the loop, before anybody can read any.
 */
export const UNREAD_INSPECTION_MAX_BYTES = 16 * 1024 * 1024;

/** How long the daemon waits for a peer, in milliseconds. */
export interface Patience {
  /**
   * For a request to be complete, from its first byte, or from the start of the connection; and for
   * replies to be read that are more than {@link UNREAD_REPLIES_MAX_BYTES}.
   */
  readonly requestMs: number;
  /** For the next request of a session. */
  readonly sessionIdleMs: number;
  /**
   * Between blank lines to a watcher that has closed its own side: only writing tells whether it is
   * still there.
   */
  readonly signOfLifeMs: number;
}

/** Wire contract, section 1; the last is our own. */
export const PATIENCE: Patience = {
  requestMs: 10_000,
  sessionIdleMs: 300_000,
  signOfLifeMs: 30_000,
};

/** A peer that is turned away may still be writing: it is listened to this long, so it hears why. */
export const LINGER_MS = 1_000;

/**
 * When the daemon ends, peers have this long to read what they are owed; whoever ends it waits 5 s in
 * all.
 */
export const FAREWELL_MS = 2_000;

/**
 * Connections the kernel queues while the loop is busy. libuv accepts one per server and turn; with Node's
 * default of 511 a burst of 1,000 clients meets EAGAIN.
 */
export const LISTEN_BACKLOG = 4_096;

/** Open connections; well above 1,000 clients, and fewer where the process may open fewer files. */
export const CONNECTIONS_MAX = 8_192;

/**
 * Descriptors that connections leave to the daemon itself, so that a flood of clients never keeps
 * it from storing a change or from reading the machine. It has fewer than 30 open without any
 * client (`ls /proc/PID/fd`), on a machine of 32 nodes too.
 */
export const DESCRIPTORS_RESERVED = 256;

/** Open connections to the metrics port; a Prometheus has one. */
export const METRICS_CONNECTIONS_MAX = 16;

/** Requests that wait for a decision or for the disk; above it a peer hears `BUSY`. */
export const REQUESTS_WAITING_MAX = 8_192;

/** Requests of one session that may wait; above it it is not read from. */
export const SESSION_WAITING_MAX = 64;

/**
 * Bytes held for all peers together: requests that are not complete or wait to be asked, and replies
 * that nobody reads. Above it the peer with the most gives way, if it has more than
 * {@link HELD_SPARED_BYTES}, so that no crowd of peers makes the daemon grow without bound.
 */
export const HELD_MAX_BYTES = 128 * 1024 * 1024;

/**
 * What every peer may make the daemon hold at any time. As many as may connect come to
 * {@link HELD_MAX_BYTES} again.
 */
export const HELD_SPARED_BYTES = HELD_MAX_BYTES / CONNECTIONS_MAX;

/** Replies of one peer that wait because it does not read; above it it is soon cut off. */
export const UNREAD_REPLIES_MAX_BYTES = 1024 * 1024;
