import type { Image } from '../../image/image.ts'
import { isWritable } from '../../image/visibility.ts'
import { said } from '../request/said.ts'
import type { Answer, Call } from './call.ts'
import { checkFields } from './check-fields.ts'
import type { Handler, ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { limitMessage, TAGS_MAX, withTags } from './fields.ts'
import { changeSeen } from './rights.ts'

/** One tag at a time. Mirrors glance/api/v2/image_tags.py. */

/** Answers `PUT /v2/images/{id}/tags/{tag}`. */
export const addTag: Handler = (call, deps) => {
  const { id, name } = call
  checkFields({ tags: [name] })
  return changeTags(call, deps, 'update', ({ tags }) => {
    if (tags.length < TAGS_MAX || tags.includes(name)) return [...tags, name]
    const limit = limitMessage('tags', tags.length + 1, TAGS_MAX)
    throw new ImageFault(
      'limit.exceeded',
      said`Image tag limit exceeded for image ${id}: ${limit}:`,
    )
  })
}

/** Answers `DELETE /v2/images/{id}/tags/{tag}`. */
export const deleteTag: Handler = (call, deps) =>
  changeTags(call, deps, 'delete', ({ tags }) => {
    if (tags.includes(call.name)) return tags.filter((tag) => tag !== call.name)
    throw new ImageFault('tag.not_found', 'The resource could not be found.')
  })

async function changeTags(
  call: Call,
  deps: ImageDependencies,
  verb: 'update' | 'delete',
  change: (image: Image) => readonly string[],
): Promise<Answer> {
  const { id, viewer } = call
  await changeSeen(call, deps, said`Image ${id} not found.`, (image) => {
    if (!isWritable(image, viewer)) {
      throw new ImageFault('caller.forbidden', said`Not allowed to ${verb} tags for image ${id}.`)
    }
    return {
      ...withTags(image, change(image)),
      updatedAt: Math.max(image.updatedAt, deps.now()),
    }
  })
  return { status: 204, headers: {}, body: '' }
}
