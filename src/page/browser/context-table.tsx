/** What an actor owns, in the words of the protocol. */

import type { ActorSnapshot } from '../../protocol/inspect-line.js';

export function ContextTable({ context }: { readonly context: ActorSnapshot['context'] }) {
  if (context === undefined) return null;
  return (
    <table class="context">
      <caption>What it owns</caption>
      <tbody>
        {Object.entries(context).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{textOf(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Objects on one line each, without the punctuation of JSON. */
function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join('\n');
  if (typeof value !== 'object') return String(value) || 'none';
  return Object.entries(value)
    .map(
      ([name, inner]) =>
        `${name} ${Array.isArray(inner) ? `(${textOf(inner).replace(/\n/g, '; ')})` : textOf(inner)}`,
    )
    .join(', ');
}
