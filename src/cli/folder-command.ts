import type { FolderNames } from '../backup/folder-names.ts'
import type { Watch } from '../backup/progress.ts'
import { CommandFailure } from './failure.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** The names in every data folder. */
export async function folderNames(): Promise<FolderNames> {
  const [{ DATABASE_FILE }, { IMAGES_FOLDER }, { PROCESSES_FOLDER }] = await Promise.all([
    import('../server/serve.ts'),
    import('../server/image-data.ts'),
    import('../server/data-folder.ts'),
  ])
  return { database: DATABASE_FILE, images: IMAGES_FOLDER, processes: PROCESSES_FOLDER }
}

/** Shows the progress of long work on a folder, and lets Ctrl+C end it. @throws CommandFailure */
export async function watched<T>(
  terminal: Terminal,
  interrupted: string,
  work: (watch: Watch) => Promise<T>,
): Promise<T> {
  const progress = new Progress(terminal)
  try {
    return await work({ signal: terminal.stop, show: (text) => progress.show(text) })
  } catch (error) {
    if (!terminal.stop.aborted) throw error
    throw new CommandFailure(interrupted)
  } finally {
    progress.clear()
  }
}
