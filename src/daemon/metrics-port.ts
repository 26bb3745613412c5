/**
 * The metrics over HTTP, for a Prometheus that cannot read a Unix socket: on 127.0.0.1 only, `GET
 * /metrics` and nothing else. It is a help for who looks on, so a port that cannot be had is said in
 * the log, and the daemon serves on without it.
 */

import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isOwnHost } from '../core/own-host.js';
import { messageOf } from '../core/quoting.js';
import { METRICS_CONNECTIONS_MAX, PATIENCE, REQUEST_MAX_BYTES } from '../protocol/limits.js';
import type { Logger } from './log.js';
import type { MetricsText } from './metrics-text.js';

const HOST = '127.0.0.1';

/** Serves the metrics on a port, or on none. */
export class MetricsPort {
  readonly #metrics: () => Promise<MetricsText>;
  readonly #log: Logger;
  #server: Server | null = null;
  /** 0 = none. */
  #port = 0;
  /** One change after the other. */
  #changed: Promise<void> = Promise.resolve();

  constructor(metrics: () => Promise<MetricsText>, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Serves this port from now on, and no other; 0 = none. Never rejects. */
  listen(port: number): Promise<void> {
    this.#changed = this.#changed.then(() => this.#change(port));
    return this.#changed;
  }

  /** Serves none any more. */
  close(): Promise<void> {
    return this.listen(0);
  }

  async #change(port: number): Promise<void> {
    // One that could not be had is tried again.
    if (port === this.#port && (port === 0 || this.#server !== null)) return;
    this.#port = port;
    await closeServer(this.#server);
    this.#server = null;
    if (port === 0) return;
    // Importing it costs Node.js 24 some 60 ms and 16 MB, of which most daemons need nothing.
    const { createServer } = await import('node:http');
    const server = createServer(
      {
        headersTimeout: PATIENCE.requestMs,
        requestTimeout: PATIENCE.requestMs,
        keepAliveTimeout: PATIENCE.requestMs,
        connectionsCheckingInterval: PATIENCE.requestMs,
        maxHeaderSize: REQUEST_MAX_BYTES,
      },
      (request, response) => this.#answer(request, response),
    );
    server.maxConnections = METRICS_CONNECTIONS_MAX;
    // Also of a reply that nobody reads.
    server.timeout = PATIENCE.requestMs;
    try {
      const listening = once(server, 'listening');
      server.listen(port, HOST);
      await listening;
      server.on('error', (error) => this.#log.error({ port, err: error }, FAILED));
      this.#server = server;
      this.#log.info({ address: `http://${HOST}:${port}/metrics` }, 'metrics are served');
    } catch (error) {
      const reason = messageOf(error);
      this.#log.error({ port, reason }, 'the metrics port cannot be had; served without it');
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Whatever body comes with it is not waited for.
    request.resume();
    const pathname = request.url?.replace(/\?.*/s, '');
    if (!isOwnHost(request.headers.host)) {
      say(response, 403, 'This host has no such name.');
    } else if (pathname !== '/metrics') {
      say(response, 404, ONLY);
    } else if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      say(response, 405, ONLY);
    } else {
      this.#metrics().then(
        ({ contentType, text }) => {
          response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
          response.end(text);
        },
        (error) => {
          this.#log.error({ err: error }, 'internal error');
          say(response, 500, 'No metrics can be made; the log says why.');
        },
      );
    }
  }
}

/** A connection could not be accepted, for want of descriptors or memory; the next one may be. */
const FAILED = 'the metrics port failed';

const ONLY = 'There is only GET /metrics.';

function say(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

async function closeServer(server: Server | null): Promise<void> {
  if (server === null) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
