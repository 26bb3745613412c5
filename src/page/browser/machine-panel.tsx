/** The machine. */
import type { Moment } from './moment.js';

export function MachinePanel(_: { readonly moment: Moment }) {
  return <section class="panel machine" />;
}
