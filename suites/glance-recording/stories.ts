import { CHANGE_STORIES } from './stories/change.ts'
import { CREATE_STORIES } from './stories/create.ts'
import { DATA_STORIES } from './stories/data.ts'
import { DOCUMENT_STORIES } from './stories/documents.ts'
import { LIST_STORIES } from './stories/list.ts'
import { SHARE_STORIES } from './stories/share.ts'
import type { Story } from './story.ts'

export const STORIES: readonly Story[] = [
  ...DOCUMENT_STORIES,
  ...CREATE_STORIES,
  ...LIST_STORIES,
  ...CHANGE_STORIES,
  ...SHARE_STORIES,
  ...DATA_STORIES,
]
