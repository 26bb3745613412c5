/** What a person sees: how wide it may be, whether in colour, and the two streams it goes to. */

import { styleText } from 'node:util';

/** What a piece of text is, from which its colour follows. Colour only repeats what is said. */
export type Tone = 'strong' | 'faint' | 'bad' | 'good' | `owner-${number}`;

/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** Where a text is going to be shown. */
export interface Terminal {
  /** The width in characters. */
  readonly columns: number;
  readonly paint: Paint;
}

/** The width of a file, a pipe, or a terminal that does not say. */
export const DEFAULT_COLUMNS = 80;

/** Leaves every text as it is. */
export const unpainted: Paint = (_tone, text) => text;

const OWNER_COLOURS = ['cyan', 'magenta', 'yellow', 'blue', 'green', 'red'] as const;

/** Looks at a stream: colour only for a terminal that has it and whose user wants it. */
export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  // hasColors() heeds NO_COLOR and TERM=dumb.
  const isColoured = stream.isTTY && stream.hasColors();
  return { columns: stream.columns || DEFAULT_COLUMNS, paint: isColoured ? painted : unpainted };
}

function painted(tone: Tone, text: string): string {
  if (text === '') return '';
  return styleText(styleOf(tone), text, { validateStream: false });
}

function styleOf(tone: Tone) {
  switch (tone) {
    case 'strong':
      return 'bold';
    case 'faint':
      return 'dim';
    case 'bad':
      return 'red';
    case 'good':
      return 'green';
    default: {
      const index = Number(tone.slice('owner-'.length));
      return OWNER_COLOURS[index % OWNER_COLOURS.length] ?? 'cyan';
    }
  }
}

/** The width at which sentences are broken: not at all where a program may look for a part. */
export function proseWidth(stream: NodeJS.WriteStream): number {
  return stream.isTTY ? stream.columns || DEFAULT_COLUMNS : Number.POSITIVE_INFINITY;
}

/** Writes lines to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes lines to standard error. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}
