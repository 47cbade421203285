/** How often slow tests repeat: HERALD_ROUNDS for a figure that means something, else as few as find a broken mechanism. */
export function rounds(fewest: number): number {
  return Number(process.env.HERALD_ROUNDS ?? fewest)
}

export const isFullRun = () => process.env.HERALD_ROUNDS !== undefined

/** Leaves a test, or all of a suite, out of `npm test`, which is to end within minutes. @param needs what it takes, as "needs …" goes on */
export function onlyInFullRun(context: Mocha.Context, needs: string): void {
  if (isFullRun()) return
  console.log(`      skipped: needs ${needs}; HERALD_ROUNDS=50 runs it`)
  context.skip()
}
