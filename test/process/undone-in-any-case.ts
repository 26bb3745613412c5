/**
 * What a test starts or mounts is undone when the test ends. When the test fails, which it may do
 * by never ending, it is undone right then, and at the latest with the process.
 */

const steps = new Set<() => void>();

function undoAll(): void {
  for (const undo of [...steps].reverse()) {
    steps.delete(undo);
    try {
      undo();
    } catch (error) {
      // The other steps are to be taken all the same.
      process.stderr.write(`${error}\n`);
    }
  }
}

afterEach(function () {
  if (this.currentTest?.state === 'failed') undoAll();
});
process.on('exit', undoAll);
// Without this, nothing is done when they end the process.
process.once('SIGTERM', () => process.exit(143));
process.once('SIGHUP', () => process.exit(129));

/**
 * Undoes something once: when the returned function is called, or when the test fails, or when the
 * process exits.
 *
 * @param undo does not wait for anything
 */
export function undoneInAnyCase(undo: () => void): () => void {
  steps.add(undo);
  return () => {
    if (steps.delete(undo)) undo();
  };
}
