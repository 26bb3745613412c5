/**
 * The lines of a feed as server-sent events, as fast as one browser reads them. Nothing is kept for a
 * browser that is slow but the number of the line that it is to have next; one that is too slow for
 * what is kept of the recording begins anew.
 */

import type { ServerResponse } from 'node:http';
import { linesOf } from '../recording/seen.js';
import type { Feed } from './feed.js';

/** Characters in one event: a busy daemon makes thousands of lines a second, and some are long. */
const BATCH_LENGTH = 128 * 1024;

/**
 * Sends a feed until the browser is gone.
 *
 * @param next the number of the line to begin with, where a browser comes back; `null` = all
 */
export function sendFeed(feed: Feed, response: ServerResponse, next: number | null): void {
  const { recording, source } = feed;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  let hasRoom = response.write(eventText('source', [JSON.stringify(source)]));
  let cursor = next ?? -1;

  const begin = () => {
    cursor = recording.first;
    const before = linesOf(recording.seenBefore(cursor)).map((line) => JSON.stringify(line));
    response.write(eventText('reset', [`${cursor}`]));
    if (before.length > 0) hasRoom = response.write(eventText(null, before, cursor));
  };
  const pump = () => {
    if (cursor < recording.first || cursor > recording.end) begin();
    while (hasRoom && cursor < recording.end) {
      const texts: string[] = [];
      for (let length = 0; length < BATCH_LENGTH && cursor < recording.end; cursor++) {
        const text = JSON.stringify(recording.at(cursor));
        texts.push(text);
        length += text.length;
      }
      hasRoom = response.write(eventText(null, texts, cursor));
    }
  };
  // Lines come many at a time; they are sent together.
  let isDue = false;
  const stop = feed.onAdded(() => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      if (!response.destroyed) pump();
    });
  });
  response.on('drain', () => {
    hasRoom = true;
    pump();
  });
  response.on('close', stop);
  // One that does not go on is gone at the next write; there is no other error to meet.
  response.on('error', () => undefined);
  pump();
}

function eventText(name: string | null, data: readonly string[], id?: number): string {
  return [
    ...(name === null ? [] : [`event: ${name}`]),
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...data.map((line) => `data: ${line}`),
    '\n',
  ].join('\n');
}
