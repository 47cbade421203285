/** What the tests of one file came to, as test/support/counting-reporter.cjs writes it. */
export interface FileResult {
  /** relative to the repository */
  readonly file: string
  readonly passes: number
  readonly pending: number
  /** full titles of the tests that passed on their second attempt only */
  readonly repeated: readonly string[]
  /** the tests and hooks that failed, each with the first lines of its error */
  readonly failed: readonly Failure[]
}

export interface Failure {
  readonly title: string
  readonly error: string
}

/** What the tests of a suite came to, file by file. */
export class Results {
  readonly #files = new Map<string, FileResult>()
  readonly #ofNoFile: Failure[] = []

  /** @param text a FileResult on each line */
  static parse(text: string): Results {
    const results = new Results()
    for (const line of text.split('\n').filter(Boolean)) {
      const result = JSON.parse(line) as FileResult
      results.#files.set(result.file, result)
    }
    return results
  }

  get passes(): number {
    return this.#sum(({ passes }) => passes)
  }

  get failures(): number {
    return this.failed.length
  }

  get pending(): number {
    return this.#sum(({ pending }) => pending)
  }

  get repeated(): string[] {
    return [...this.#files.values()].flatMap(({ repeated }) => repeated)
  }

  get failed(): Failure[] {
    return [...[...this.#files.values()].flatMap(({ failed }) => failed), ...this.#ofNoFile]
  }

  get failedFiles(): string[] {
    return [...this.#files.values()].filter(({ failed }) => failed.length > 0).map(({ file }) => file)
  }

  /** Puts the results of a second run of some files in the place of those of the first; what failed only then counts as repeated. */
  repeat(second: Results): void {
    for (const [file, result] of second.#files) {
      const failedAgain = new Set(result.failed.map(({ title }) => title))
      const before = this.#files.get(file)?.failed.map(({ title }) => title) ?? []
      const repeated = [...result.repeated, ...before.filter(title => !failedAgain.has(title))]
      this.#files.set(file, { ...result, repeated })
    }
    this.#ofNoFile.push(...second.#ofNoFile)
  }

  /** Adds a failure that is no test's. */
  fail(title: string, error: string): void {
    this.#ofNoFile.push({ title, error })
  }

  #sum(count: (result: FileResult) => number): number {
    return [...this.#files.values()].reduce((sum, result) => sum + count(result), 0)
  }
}
