/** Cases that have nothing to do with each other run at the same time: mostly they wait. */

/**
 * Runs all of them to the end.
 *
 * @throws the error of the first that failed, with its name in front
 */
export async function allAtOnce<Case>(
  cases: readonly Case[],
  nameOf: (one: Case) => string,
  run: (one: Case) => Promise<void>,
): Promise<void> {
  const outcomes = await Promise.allSettled(
    cases.map((one) =>
      run(one).catch((error: Error) => {
        error.message = `${nameOf(one)}: ${error.message}`;
        throw error;
      }),
    ),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
