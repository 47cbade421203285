/** Why an object from outside was refused: the field, by its path from the object's root, and what is wrong with it. */
export interface Problem {
  readonly field: string
  readonly message: string
}

/** A problem with the name that conditions and logs carry. */
export interface NamedProblem extends Problem {
  readonly reason: string
}

export function describeProblem({ field, message }: Problem): string {
  return `${field}: ${message}`
}
