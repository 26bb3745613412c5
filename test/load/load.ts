/**
 * The load under which a daemon is killed: clients, each of which asks one thing at a time, and
 * checks every reply against what all of them were told.
 */

import fc from 'fast-check';
import type { Wire } from '../daemon/wire.js';
import {
  afterGrant,
  askForCpus,
  type CpuWish,
  forcingWishes,
  type Machine,
  protectedWishes,
} from './cpu-requests.js';
import { type Claim, type Held, listedClaims, listedPages } from './listings.js';
import { afterRecord, askForPages, pageRecordNames, pageRequests } from './page-requests.js';
import { type Account, type Asked, Ledger } from './promises.js';

/** What happened, in numbers. */
export interface Tally {
  acknowledgedChanges: number;
  forcedReallocations: number;
  refusals: number;
  inDoubt: number;
  inDoubtAndThere: number;
  lists: number;
  listsAhead: number;
}

/** Somebody who carries requests to a daemon. */
export interface Carrier {
  ask(request: Wire): Promise<Wire>;
}

/** How many clients there are, and what they have to reckon with. */
export interface Circumstances {
  readonly protectedClients: number;
  readonly pageClients: number;
  readonly claimListers: number;
  /** Whether an error is one that a client has to reckon with. Any other is a fault. */
  readonly isRefusal: (error: Wire) => boolean;
  /** Whether others claim and record something under that name, which no client here answers for. */
  readonly isOthers: (name: string) => boolean;
}

/** A busy machine that stays as it is, and nobody else on it. */
const ALONE: Circumstances = {
  protectedClients: 9,
  pageClients: 3,
  claimListers: 2,
  isRefusal: ({ code }) => ['INSUFFICIENT_CPUS', 'INSUFFICIENT_HUGEPAGES'].includes(code),
  isOthers: () => false,
};

/** A daemon that will be killed, as its clients know it. */
export interface Prey {
  /** Whether it was killed on purpose, so that a request may go unanswered. */
  readonly isKilled: boolean;
  /** Hears of every answer. */
  readonly onAnswer?: () => void;
}

type Client = (prey: Prey) => Promise<void>;

/** Clients whose daemon is killed again and again. They go on where they stopped. */
export class Load {
  readonly tally: Tally = {
    acknowledgedChanges: 0,
    forcedReallocations: 0,
    refusals: 0,
    inDoubt: 0,
    inDoubtAndThere: 0,
    lists: 0,
    listsAhead: 0,
  };
  readonly #carrier: Carrier;
  readonly #circumstances: Circumstances;
  readonly #machine: Machine;
  readonly #claims = new Ledger<Claim>();
  readonly #pages = new Ledger<number>();
  readonly #clients: readonly Client[];

  /** @param seed of all choices; the moments of the kills are not among them */
  constructor(
    carrier: Carrier,
    machine: Machine,
    seed: number,
    circumstances: Circumstances = ALONE,
  ) {
    this.#carrier = carrier;
    this.#circumstances = circumstances;
    this.#machine = machine;
    let choosers = 0;
    const client = <C>(choices: fc.Arbitrary<C>) => choicesFrom(choices, seed + 1000 * ++choosers);
    this.#clients = [
      ...Array.from({ length: circumstances.protectedClients }, (_, index) => {
        const name = `cpus-${index}`;
        return this.#cpuClient(this.#claims.open(name), client(protectedWishes(name)));
      }),
      this.#cpuClient(
        this.#claims.open('victim', 'winner'),
        client(forcingWishes('victim', 'winner')),
      ),
      ...Array.from({ length: circumstances.pageClients }, (_, index) => {
        const name = `pages-${index}`;
        const account = this.#pages.open(...pageRecordNames(name));
        return this.#pageClient(account, client(pageRequests(name)));
      }),
      ...Array.from({ length: circumstances.claimListers }, () =>
        this.#lister(this.#claims, { action: 'list_allocations' }, listedClaims),
      ),
      this.#lister(this.#pages, { action: 'get_memory_info' }, listedPages),
    ];
  }

  /**
   * Checks what a daemon shows that was just started, against all that was promised before.
   *
   * @returns what it shows, or `null` when it was killed before it did
   */
  async settle(prey: Prey): Promise<{ claims: Held<Claim>; pages: Held<number> } | null> {
    const [list, memory] = await Promise.all([
      this.#ask(prey, { action: 'list_allocations' }),
      this.#ask(prey, { action: 'get_memory_info' }),
    ]);
    const claims = typeof list === 'string' ? null : this.#ours(listedClaims(list));
    const pages = typeof memory === 'string' ? null : this.#ours(listedPages(memory));
    const outcomes = [
      ...(claims === null ? [] : this.#claims.settle(claims)),
      ...(pages === null ? [] : this.#pages.settle(pages)),
    ];
    this.tally.inDoubtAndThere += outcomes.filter((outcome) => outcome === 'there').length;
    return claims === null || pages === null ? null : { claims, pages };
  }

  /** Lets all clients ask, until their daemon is gone. */
  async run(prey: Prey): Promise<void> {
    await Promise.all(this.#clients.map((client) => client(prey)));
  }

  #cpuClient(account: Account<Claim>, wishes: () => CpuWish): Client {
    const next = () => askForCpus(wishes(), account.held, this.#machine);
    return (prey) =>
      this.#change(prey, account, next, (request, reply) => {
        if ('preempted' in reply) this.tally.forcedReallocations++;
        return afterGrant(request, reply, account.held, this.#machine);
      });
  }

  #pageClient(account: Account<number>, requests: () => Wire): Client {
    const next = () => askForPages(requests());
    return (prey) =>
      this.#change(prey, account, next, (request) => afterRecord(request, account.held));
  }

  async #change<T>(
    prey: Prey,
    account: Account<T>,
    next: () => Asked<T>,
    afterReply: (request: Wire, reply: Wire) => Held<T>,
  ): Promise<void> {
    for (;;) {
      const asked = next();
      account.ask(asked);
      const reply = await this.#ask(prey, asked.request);
      if (reply === 'unanswered') {
        this.tally.inDoubt++;
        return;
      }
      if (reply === 'unsent') {
        account.refuse();
        return;
      }
      if ('error' in reply) {
        if (!this.#circumstances.isRefusal(reply))
          throw new Error(JSON.stringify({ asked, reply }));
        account.refuse();
        this.tally.refusals++;
      } else if (account.grant(afterReply(asked.request, reply))) {
        this.tally.acknowledgedChanges++;
      }
    }
  }

  #lister<T>(ledger: Ledger<T>, request: Wire, read: (reply: Wire) => Held<T>): Client {
    return async (prey) => {
      for (;;) {
        const floors = ledger.floors();
        const reply = await this.#ask(prey, request);
        if (typeof reply === 'string') return;
        this.tally.lists++;
        if (ledger.see(this.#ours(read(reply)), floors)) this.tally.listsAhead++;
      }
    };
  }

  #ours<T>(held: Held<T>): Held<T> {
    return new Map([...held].filter(([name]) => !this.#circumstances.isOthers(name)));
  }

  /** The reply; or, of a daemon that was killed, whether the request can have reached it. */
  async #ask(prey: Prey, request: Wire): Promise<Wire | 'unsent' | 'unanswered'> {
    try {
      const reply = await this.#carrier.ask(request);
      prey.onAnswer?.();
      return reply;
    } catch (error) {
      if (!prey.isKilled) throw error;
      const isUnsent = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
      return isUnsent ? 'unsent' : 'unanswered';
    }
  }
}

/** An endless row of choices; the same for the same seed. */
export function choicesFrom<C>(choices: fc.Arbitrary<C>, seed: number): () => C {
  const endless = fc.infiniteStream(fc.noBias(choices), { noHistory: true });
  const [stream] = fc.sample(endless, { seed, numRuns: 1 });
  return () => {
    const { value } = stream?.next() ?? { value: undefined };
    return value as C;
  };
}
