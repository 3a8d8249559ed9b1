import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** Shows how many images of an older catalogue file have been brought up to date, of how many. */
export function showRenewing(
  terminal: Pick<Terminal, 'stderr'>,
): (imagesDone: number, images: number) => void {
  const progress = new Progress(terminal)
  const count = (images: number) => images.toLocaleString('en')
  return (imagesDone, images) => {
    if (imagesDone === images) return progress.clear()
    const how = `${count(imagesDone)} of ${count(images)} images`
    progress.show(() => `bringing the catalogue up to date: ${how}`)
  }
}
