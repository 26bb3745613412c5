/** Loads the daemon when a command runs it: those that only ask start a quarter faster without. */

/** What a command needs to run the daemon. */
export async function loadDaemon() {
  const [{ createLog }, { serveInForeground }] = await Promise.all([
    import('../daemon/log.js'),
    import('./foreground.js'),
  ]);
  return { createLog, serveInForeground };
}
