/**
 * Turns of the event loop, numbered as long as somebody needs to tell one from another: counting costs
 * a callback a turn, and keeps an idle process awake.
 */

let number = 0;
/** Turns are counted up to this one. */
let countedTo = 0;
const atEnd: (() => void)[] = [];

/**
 * The number of this turn, which begins behind the callbacks of `setImmediate`.
 *
 * @param ahead so many more are counted at least; behind those the number may stand still
 */
export function turnNumber(ahead = 0): number {
  if (ahead > 0) {
    if (countedTo <= number) setImmediate(endTurn);
    countedTo = Math.max(countedTo, number + ahead);
  }
  return number;
}

/** Has something done at the end of each turn that is counted, from now on. */
export function atEndOfTurn(whatToDo: () => void): void {
  atEnd.push(whatToDo);
}

function endTurn(): void {
  number++;
  if (number < countedTo) setImmediate(endTurn);
  for (const whatToDo of atEnd) whatToDo();
}
