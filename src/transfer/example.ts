import { readFile } from 'node:fs/promises'
import type { ImageStore } from '../catalogue/catalogue.ts'
import { readDocument } from '../image/document.ts'

/** Beside `src/` and, once compiled, beside `dist/`. */
const EXAMPLE = new URL('../../examples/images.json', import.meta.url)

/**
 * Fills an empty store with the example catalogue; `demo` and `admin` are the ids of the projects
 * that own its images. @returns how many images were stored: 0 if the store holds any.
 */
export async function loadExample(
  store: Pick<ImageStore, 'exportImages' | 'putImages'>,
  projects: { readonly demo: string; readonly admin: string },
): Promise<number> {
  for await (const images of store.exportImages()) if (images.length > 0) return 0
  const template = await readFile(EXAMPLE, 'utf8')
  const text = template.replace(/\{(demo|admin)\}/g, (_, project: 'demo' | 'admin') =>
    JSON.stringify(projects[project]).slice(1, -1),
  )
  const documents: unknown[] = JSON.parse(text)
  const { created } = await store.putImages(documents.map(readDocument))
  return created
}
