import type { Terminal } from './terminal.ts'

/**
 * Does something once for each SIGHUP, one at a time: what comes before it can be done, and while it
 * is being done, is made up for by one more.
 */
export class OnHangUp {
  #act: (() => Promise<void>) | undefined
  #isWanted = false
  #isBusy = false

  /** From now on SIGHUP does not stop the process. */
  constructor({ onHangUp }: Pick<Terminal, 'onHangUp'>) {
    onHangUp(() => {
      this.#isWanted = true
      void this.#run()
    })
  }

  /** @param act from now on this can be done; it does not throw */
  begin(act: () => Promise<void>): void {
    this.#act = act
    void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#act === undefined || this.#isBusy) return
    this.#isBusy = true
    while (this.#isWanted) {
      this.#isWanted = false
      await this.#act()
    }
    this.#isBusy = false
  }
}
