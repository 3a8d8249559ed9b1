/** What a data folder holds, by the names that its owners give it. */
export interface FolderNames {
  /** The catalogue and the identity, one SQLite file. */
  readonly database: string
  /** Folder of the image files. */
  readonly images: string
  /** Folder of the locks of the processes that serve the folder; no backup holds it. */
  readonly processes: string
}
