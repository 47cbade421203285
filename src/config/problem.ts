/** Why an object from outside was refused: the field, by its path from the object's root, and what is wrong with it. */
export interface Problem {
  readonly field: string
  readonly message: string
}

export function describeProblem({ field, message }: Problem): string {
  return `${field}: ${message}`
}
