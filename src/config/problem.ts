/** Why an object from outside was refused: the field, by its path from the object's root, and what is wrong with it. */
export interface Problem {
  readonly field: string
  readonly message: string
}

/** A problem with the name that conditions and logs carry. */
export interface NamedProblem extends Problem {
  readonly reason: string
}

/** Type of the condition on an object of the configuration that says whether it is in use. */
export const ACCEPTED = 'Accepted'

export function describeProblem({ field, message }: Problem): string {
  return `${field}: ${message}`
}
