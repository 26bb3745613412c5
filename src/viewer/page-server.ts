/**
 * The page of an inspection on 127.0.0.1. Who has an address with a token that was not used yet may
 * look; the browser then has a cookie, and the token is worth nothing any more.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { isOwnHost } from '../core/own-host.js';
import { messageOf } from '../core/quoting.js';
import { linesOf } from '../recording/seen.js';
import { sendFeed } from './event-stream.js';
import type { Feed } from './feed.js';
import type { PageFile } from './page-files.js';
import { ViewerError } from './viewer-error.js';

/** Where it listens: nowhere else than on this host. */
const HOST = '127.0.0.1';

/** Who may look on at a time; each has all lines sent. */
const BROWSERS_MAX = 16;

/** Nothing that the page needs is elsewhere, and nothing of it is for other pages. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** What is served, and to whom it is said. */
export interface PageOptions {
  readonly feed: Feed;
  readonly files: ReadonlyMap<string, PageFile>;
  /** 0 = any that is free. */
  readonly port: number;
  /** Hears the address for one more browser, at the start and whenever one was used. */
  readonly onAddress: (url: string) => void;
}

/** A page that is served. */
export interface PageServer {
  readonly port: number;
  /** Sends all browsers away. */
  close(): Promise<void>;
}

/**
 * Serves the page.
 *
 * @throws ViewerError when the port cannot be had
 */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const server = createServer();
  server.listen(options.port, HOST);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ViewerError(`cannot serve the page: ${messageOf(error)}; another --port may be free`);
  }
  const { port } = server.address() as AddressInfo;
  const page = new Page(options, port);
  server.on('request', (request, response) => page.answer(request, response));
  page.giveAddress();
  return { port, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

class Page {
  readonly #options: PageOptions;
  readonly #port: number;
  readonly #cookieName: string;
  readonly #cookies = new Set<string>();
  /** Opens the page once. */
  #token = '';
  #browserCount = 0;

  constructor(options: PageOptions, port: number) {
    this.#options = options;
    this.#port = port;
    // Cookies know no ports, and two inspections may be looked at in one browser.
    this.#cookieName = `epa-inspect-${port}`;
  }

  /** Says the address for one more browser. */
  giveAddress(): void {
    this.#token = secret();
    this.#options.onAddress(`http://${HOST}:${this.#port}/?token=${this.#token}`);
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!isOwnHost(request.headers.host)) {
      refuse(response, 403, 'This page has no such name.');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'This page can only be looked at.');
    } else {
      const { pathname, searchParams } = new URL(request.url ?? '/', `http://${HOST}`);
      const token = searchParams.get('token');
      if (pathname === '/' && token !== null) this.#letIn(token, request, response);
      else if (this.#isKnown(request)) this.#show(pathname, request, response);
      else refuse(response, 403, NOT_LET_IN);
    }
  }

  #letIn(token: string, request: IncomingMessage, response: ServerResponse): void {
    if (token === this.#token) {
      const cookie = secret();
      this.#cookies.add(cookie);
      response.setHeader(
        'set-cookie',
        `${this.#cookieName}=${cookie}; HttpOnly; SameSite=Lax; Path=/`,
      );
      this.giveAddress();
    } else if (!this.#isKnown(request)) {
      refuse(response, 403, NOT_LET_IN);
      return;
    }
    // Without the token, so that it is in no history and on no screenshot.
    response.writeHead(303, { location: '/' }).end();
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    return (headers.cookie ?? '').split(/; */).some((pair) => {
      const [name, value = ''] = pair.split('=');
      return name === this.#cookieName && this.#cookies.has(value);
    });
  }

  #show(pathname: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#options.files.get(pathname === '/' ? 'index.html' : pathname.slice(1));
    if (pathname === '/lines') this.#follow(request, response);
    else if (pathname === '/recording') this.#save(response);
    else if (file === undefined) refuse(response, 404, 'There is nothing here.');
    else response.writeHead(200, { 'content-type': file.type }).end(file.body);
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    if (this.#browserCount >= BROWSERS_MAX) {
      refuse(response, 503, `Too many look on already: ${BROWSERS_MAX}.`);
      return;
    }
    this.#browserCount++;
    response.on('close', () => this.#browserCount--);
    const last = String(request.headers['last-event-id']);
    sendFeed(this.#options.feed, response, /^\d+$/.test(last) ? Number(last) : null);
  }

  #save(response: ServerResponse): void {
    const { recording } = this.#options.feed;
    const { first, end } = recording;
    const time = new Date().toISOString().replace(/:/g, '-').replace(/\..*/, '');
    response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'content-disposition': `attachment; filename="epa-inspection-${time}.ndjson"`,
    });
    const lines = [...linesOf(recording.seenBefore(first))];
    for (let number = first; number < end; number++) lines.push(recording.at(number));
    const texts = Readable.from(
      (function* () {
        for (const line of lines) yield `${JSON.stringify(line)}\n`;
      })(),
    );
    response.on('close', () => texts.destroy());
    texts.pipe(response);
  }
}

const NOT_LET_IN =
  'This address was used already, or is not whole. The terminal in which `epa-orchestrator ' +
  'inspect` runs shows one that was not used yet.';

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

/** What nobody guesses. */
function secret(): string {
  return randomBytes(24).toString('base64url');
}
