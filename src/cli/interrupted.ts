/** Aborts when the person has seen enough: at Ctrl-C, or when asked to end. */
export function untilInterrupted(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort());
  }
  return interrupted.signal;
}
