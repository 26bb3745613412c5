/** JSON objects, and ways in which they may arrive. */

import fc from 'fast-check';

/** What makes it hard to find the end of an object. */
const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', ':', ',', 'é', '😀', '\u0000'),
    maxLength: 12,
  }),
);

const { value: jsonValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    nastyText,
    fc.constantFrom(null, true, 0, -1.5e300),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(nastyText, tie('value'), { maxKeys: 4 }),
  ),
}));

/** The text of a JSON object on one line. */
export const jsonLine = fc
  .dictionary(nastyText, jsonValue, { maxKeys: 4 })
  .map((value) => JSON.stringify(value));

/** The text of a JSON object, with blanks and newlines within. */
export const jsonText = fc
  .tuple(jsonLine, fc.constantFrom('', ' ', '\n', '\r\n\t'))
  .map(([line, indent]) => JSON.stringify(JSON.parse(line), null, indent));

/** Places at which a text is cut, as shares of its length. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

/** The bytes of a text in pieces, none of them empty; cut within characters, too. */
export function piecesOf(text: string | Buffer, at: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const places = [...at.map((share) => Math.floor(share * bytes.length)), 0, bytes.length];
  places.sort((a, b) => a - b);
  return places
    .map((place, index) => bytes.subarray(place, places[index + 1] ?? bytes.length))
    .filter((piece) => piece.length > 0);
}

/** Every byte by itself. */
export function singleBytesOf(text: string | Buffer): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
}

/** An object that nests `depth` levels deep, itself counted. */
export function nested(depth: number, fields = ''): string {
  return depth === 1 ? '{}' : `{${fields}"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
}

/** A JSON object of exactly `length` bytes. */
export function objectOf(length: number): string {
  return `{"a":"${'x'.repeat(length - 8)}"}`;
}
