/**
 * A state machine as plain data: its states, and the transitions between them by the names that
 * the machine gives to events, guards, delays and actions. Made from the machine itself, so what
 * is drawn of it cannot differ from what runs. All of it is JSON, in the machine's own order.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A machine's states and transitions. */
export interface Statechart {
  /** The machine's id, which is that of its outermost state too. */
  readonly id: string;
  /** The machine itself first; then each state, with those inside it right behind. */
  readonly states: readonly ChartState[];
  /** In the order of the states that they leave, and of each state in the order they are tried. */
  readonly transitions: readonly ChartTransition[];
}

/** A state, or a machine as the outermost one. */
export interface ChartState {
  /** Unique in the machine; usually the keys from the outermost state on, joined by dots. */
  readonly id: string;
  /** The name within its parent. */
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** The id of the state it is inside of; `null` for the machine. */
  readonly parent: string | null;
  /** Which state inside is entered first; of a history state, where it leads the first time. */
  readonly initial: string | null;
  /** What is done on the way into `initial`. */
  readonly initialActions: readonly ChartAction[];
  /** How much a history state remembers. */
  readonly history: 'shallow' | 'deep' | null;
  readonly entry: readonly ChartAction[];
  readonly exit: readonly ChartAction[];
  /** What runs while the machine is in this state. */
  readonly invokes: readonly ChartInvoke[];
  readonly tags: readonly string[];
  readonly description: string | null;
}

/** An actor that runs as long as a state lasts. */
export interface ChartInvoke {
  readonly id: string;
  /** Its own id where the definition gives one, else that of its logic, else `inline`. */
  readonly name: string;
  /** The name of its logic; `null` when it has none. */
  readonly logic: string | null;
}

/** A way from one state to others, or something done without leaving it. */
export interface ChartTransition {
  readonly from: string;
  /** Empty: the state is not left. Several: states of regions that are entered together. */
  readonly to: readonly string[];
  /** What the machine hears, as it compares it; `null` when it needs nothing to happen. */
  readonly event: string | null;
  /** The same, taken apart. */
  readonly trigger: ChartTrigger;
  readonly guard: ChartGuard | null;
  readonly actions: readonly ChartAction[];
  /** Whether `from` is left and entered again also where `to` is `from` or inside it. */
  readonly isReentering: boolean;
  readonly description: string | null;
}

/** What makes a machine try a transition. In `type` and `actor`, `*` stands for anything. */
export type ChartTrigger =
  | { readonly kind: 'event'; readonly type: string }
  /** As soon as the guard holds. */
  | { readonly kind: 'always' }
  /** `delay` as the machine names it; `ms` when it is always the same. */
  | { readonly kind: 'after'; readonly delay: string; readonly ms: number | null }
  | { readonly kind: 'actorDone' | 'actorFailed' | 'actorSnapshot'; readonly actor: string }
  /** A final state inside this state was reached, in all its regions. */
  | { readonly kind: 'stateDone'; readonly state: string };

export type ChartGuard =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'not' | 'and' | 'or'; readonly of: readonly ChartGuard[] }
  /** A function without a name. */
  | { readonly kind: 'inline' };

export interface ChartAction {
  /** Of an inline action: what kind of action it is (`assign`, `raise`), or `function`. */
  readonly name: string;
  /** Whether it was written into the transition, and so has no name of its own. */
  readonly isInline: boolean;
}

/** Describes a machine. The same machine gives the same description, to the byte. */
export function statechartOf(machine: AnyStateMachine): Statechart {
  const nodes = nodesFrom(machine.root);
  return {
    id: machine.id,
    states: nodes.map(stateOf),
    transitions: nodes.flatMap(transitionsOf),
  };
}

function nodesFrom(node: AnyStateNode): AnyStateNode[] {
  const children: AnyStateNode[] = Object.values(node.states);
  return [node, ...children.flatMap(nodesFrom)];
}

function stateOf(node: AnyStateNode): ChartState {
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    parent: node.parent?.id ?? null,
    initial: node.type === 'history' ? historyDefault(node) : (node.initial.target[0]?.id ?? null),
    initialActions: node.initial.actions.map(actionOf),
    // As xstate takes it: a history state that does not say how much remembers one level.
    history: node.type === 'history' ? node.history || 'shallow' : null,
    // Not `node.entry` and `node.exit`: the timers of `after` are among those.
    entry: listOf(node.config.entry).map(actionOf),
    exit: listOf(node.config.exit).map(actionOf),
    invokes: invokesOf(node),
    tags: [...node.tags],
    description: node.description ?? null,
  };
}

/** Where a history state leads when there is nothing to remember. */
function historyDefault({ config, parent, machine }: AnyStateNode): string | null {
  const target = listOf('target' in config ? config.target : undefined)[0];
  if (typeof target !== 'string') return parent?.initial.target[0]?.id ?? parent?.id ?? null;
  if (target.startsWith('#')) return machine.getStateNodeById(target).id;
  const keys = target.split('.').filter((key) => key !== '');
  return keys.reduce((node, key) => node?.states[key], parent)?.id ?? null;
}

function invokesOf(node: AnyStateNode): ChartInvoke[] {
  return node.invoke.map(({ id, src }, index) => {
    const logic = typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : null;
    const isIdGiven = id !== `${index}.${node.id}`;
    return { id, name: isIdGiven ? id : (logic ?? 'inline'), logic };
  });
}

function transitionsOf(node: AnyStateNode): ChartTransition[] {
  const invokes = invokesOf(node);
  return [...(node.always ?? []), ...[...node.transitions.values()].flat()].map((transition) => {
    const event: string | null = transition.eventType === '' ? null : transition.eventType;
    const delay = 'delay' in transition ? String(transition.delay) : null;
    return {
      from: node.id,
      to: (transition.target ?? []).map((target) => target.id),
      event,
      trigger: delay === null ? triggerOf(event, invokes) : afterOf(delay, node.machine),
      guard: guardOf(transition.guard),
      actions: transition.actions.map(actionOf),
      isReentering: transition.reenter,
      description: transition.description ?? null,
    };
  });
}

/**
 * What a machine listens to, taken apart; but for delays, which only the definition tells.
 *
 * @param invokes have names of their own for what they run
 */
export function triggerOf(
  event: string | null,
  invokes: readonly ChartInvoke[] = [],
): ChartTrigger {
  if (event === null) return { kind: 'always' };
  const behind = (start: string) => (event.startsWith(start) ? event.slice(start.length) : null);
  const nameOf = (id: string) => invokes.find((invoke) => invoke.id === id)?.name ?? id;
  const done = behind('xstate.done.actor.');
  if (done !== null) return { kind: 'actorDone', actor: nameOf(done) };
  const failed = behind('xstate.error.actor.');
  if (failed !== null) return { kind: 'actorFailed', actor: nameOf(failed) };
  const told = behind('xstate.snapshot.');
  if (told !== null) return { kind: 'actorSnapshot', actor: nameOf(told) };
  const state = behind('xstate.done.state.');
  if (state !== null) return { kind: 'stateDone', state };
  return { kind: 'event', type: event };
}

function afterOf(delay: string, machine: AnyStateMachine): ChartTrigger {
  const named: unknown = machine.implementations.delays[delay];
  const ms = typeof named === 'number' ? named : Number(delay);
  return { kind: 'after', delay, ms: Number.isFinite(ms) ? ms : null };
}

/**
 * A guard as a definition gives it; `null` where there is none. They are names, objects with a name,
 * functions, or functions made of other guards.
 */
export function guardOf(guard: unknown): ChartGuard | null {
  if (guard === undefined) return null;
  if (typeof guard === 'string') return { kind: 'named', name: guard };
  if (typeof guard === 'function') {
    const { name: kind } = guard;
    if ('guards' in guard && (kind === 'not' || kind === 'and' || kind === 'or')) {
      const parts = listOf(guard.guards).map(guardOf);
      return { kind, of: parts.filter((part) => part !== null) };
    }
    return { kind: 'inline' };
  }
  return { kind: 'named', name: typeOf(guard) ?? '' };
}

function actionOf(action: unknown): ChartAction {
  if (typeof action === 'string') return { name: action, isInline: false };
  const type = typeOf(action);
  if (typeof action !== 'function') return { name: type ?? '', isInline: false };
  return { name: type?.replace(/^xstate\./, '') ?? 'function', isInline: true };
}

/** The `type` of whatever has one. */
function typeOf(thing: unknown): string | null {
  const isThing = (typeof thing === 'object' && thing !== null) || typeof thing === 'function';
  return isThing && 'type' in thing ? String(thing.type) : null;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
