/** Promises that a test settles by hand, in place of what touches the world. */

import { fromPromise, type PromiseActorLogic } from 'xstate';

/** One time that a machine asked for the promise. */
export interface Call<Output, Input> {
  readonly input: Input;
  /** Aborted when the machine has given the promise up. */
  readonly signal: AbortSignal;
  /** Settles the promise; resolves when all that follows from it has happened. */
  resolve(output: Output): Promise<void>;
  reject(error: Error): Promise<void>;
}

/** Provides `logic` or `ask` to a machine, and gathers what the machine asks of it. */
export class ByHand<Output, Input> {
  readonly logic: PromiseActorLogic<Output, Input>;
  readonly ask: (input: Input, signal: AbortSignal) => Promise<Output>;
  /** All calls so far, oldest first. */
  readonly calls: Call<Output, Input>[] = [];
  /** Those that are not settled. */
  readonly open = new Set<Call<Output, Input>>();
  /** Settles calls as they come, with an error when it throws; while it is `null` the test does. */
  respond: ((input: Input) => Output) | null;

  constructor(respond: ((input: Input) => Output) | null = null) {
    this.respond = respond;
    this.ask = (input, signal) =>
      new Promise<Output>((resolve, reject) => this.#note(input, signal, resolve, reject));
    this.logic = fromPromise<Output, Input>(({ input, signal }) => this.ask(input, signal));
  }

  /** The newest call. */
  get last(): Call<Output, Input> {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('nothing was asked for yet');
    return call;
  }

  #note(
    input: Input,
    signal: AbortSignal,
    resolve: (output: Output) => void,
    reject: (error: Error) => void,
  ): void {
    const settle = (how: () => void) => {
      this.open.delete(call);
      how();
      return quiet();
    };
    const call: Call<Output, Input> = {
      input,
      signal,
      resolve: (output) => settle(() => resolve(output)),
      reject: (error) => settle(() => reject(error)),
    };
    this.calls.push(call);
    this.open.add(call);
    if (this.respond === null) return;
    try {
      void call.resolve(this.respond(input));
    } catch (error) {
      void call.reject(error as Error);
    }
  }
}

/**
 * Resolves when everything that follows from settled promises has happened: all of it is
 * microtasks, which end before the loop turns.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
