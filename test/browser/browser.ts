/** A real browser, the one that Debian has, and the page of an inspection in it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** Nothing of it looks for anything beyond this host. */
const OPTIONS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why no browser can be had; `null` when one can. */
export const browserObstacle = existsSync(CHROMIUM)
  ? null
  : `there is no ${CHROMIUM}: apt-get install chromium`;

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 390, height: 844 };

/** A browser with a profile of its own, empty at first. */
export class Browser implements AsyncDisposable {
  /** What was asked of any host, and what went wrong, in words. */
  readonly requests: string[] = [];
  readonly troubles: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async start(viewport = WIDE): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'epa-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: OPTIONS,
      headless: true,
      viewport,
      acceptDownloads: true,
    });
    return new Browser(context, profile);
  }

  /** Opens an address; gives the page, whatever the answer was. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('pageerror', ({ message }) => this.troubles.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.troubles.push(message.text());
      }
    });
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/** `epa-orchestrator inspect`, and the addresses that it has printed. */
export class Inspection implements AsyncDisposable {
  readonly addresses: string[] = [];
  readonly process: ChildProcess;
  readonly #onAddress = new Set<() => void>();

  /** @param words behind `inspect` */
  constructor(...words: string[]) {
    this.process = spawn(process.execPath, [MAIN, 'inspect', ...words], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      for (const [url] of text.matchAll(/http:\S+/g)) this.addresses.push(url);
      for (const listener of this.#onAddress) listener();
    });
  }

  /** The address number so and so, from 1 on; waits for it. */
  address(number: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const url = this.addresses[number - 1];
        if (url !== undefined) resolve(url);
      };
      this.#onAddress.add(look);
      void once(this.process, 'exit').then(([status]) => reject(new Error(`it ended: ${status}`)));
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGINT');
    await ended;
  }
}

/** Keeps a picture of a page, where EPA_SCREENSHOTS names a directory. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const directory = process.env['EPA_SCREENSHOTS'];
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}
