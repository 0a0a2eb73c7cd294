/**
 * The order in which all are measured in a turn, from 0: forth in one turn, back in the next. So each is as often before its neighbour as
 * after it, and a neighbour is measured soon after.
 */
export function orderOfTurn<T>(all: readonly T[], turn: number): T[] {
  return turn % 2 === 0 ? [...all] : all.toReversed();
}
