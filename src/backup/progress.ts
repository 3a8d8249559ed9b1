/** Lets long work be watched and interrupted. */
export interface Watch {
  readonly signal: AbortSignal
  /** @param text what is being done now; asked for only when it is shown */
  show(text: () => string): void
}
