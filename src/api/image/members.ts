import { type Image, MEMBER_STATUSES, type Member } from '../../image/image.ts'
import { mayAnswer, membersSeenBy, withMember, withoutMember } from '../../image/members.ts'
import { isWritable } from '../../image/visibility.ts'
import { said } from '../request/said.ts'
import type { Answer, Call, Incoming } from './call.ts'
import type { Handler, ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { limitMessage } from './fields.ts'
import { fieldOf, isObject, readJson } from './json-body.ts'
import { changeSeen, seenImage } from './rights.ts'
import { printMember, printMembers } from './view.ts'

/** With whom an image is shared. Mirrors glance/api/v2/image_members.py. */

/** Glance's image_member_quota. */
const MEMBERS_MAX = 128
/** The width of Glance's column for it. */
const MEMBER_CHARACTERS_MAX = 255
const NOT_SHARED = 'Only shared images have members.'

/** Answers `GET /v2/images/{id}/members`. */
export const listMembers: Handler = async (call, deps) => {
  const { id, viewer } = call
  const image = await seenImage(call, deps, notFound(id))
  if (image.visibility !== 'shared') {
    const message = said`Not allowed to list members for image ${id}: ${NOT_SHARED}`
    throw new ImageFault('state.forbidden', message)
  }
  return json(printMembers(image, membersSeenBy(image, viewer)))
}

/** Answers `GET /v2/images/{id}/members/{member}`. */
export const showMember: Handler = async (call, deps) => {
  const image = await seenImage(call, deps, notFound(call.id))
  if (image.visibility !== 'shared') throw new ImageFault('member.not_found', NOT_SHARED)
  return json(printMember(image, seenMember(image, call)))
}

/** Answers `POST /v2/images/{id}/members`: offers the image to a project. */
export const addMember: Handler = async (call, deps, incoming) => {
  const { id, viewer } = call
  const project = await readProject(incoming)
  return changeMember(call, deps, project, (image) => {
    if (!isWritable(image, viewer)) throw notAllowed('create', id)
    if (image.members.some((member) => member.project === project)) {
      const message = said`Member ${project} is duplicated for image ${id}`
      throw new ImageFault('member.exists', message)
    }
    if (image.members.length >= MEMBERS_MAX) {
      const limit = limitMessage('members for this image', image.members.length + 1, MEMBERS_MAX)
      const message = said`Image member limit exceeded for image ${id}: ${limit}:`
      throw new ImageFault('limit.exceeded', message)
    }
    const now = deps.now()
    return { project, status: 'pending', createdAt: now, updatedAt: now }
  })
}

/** Answers `PUT /v2/images/{id}/members/{member}`: the member accepts or rejects. */
export const updateMember: Handler = async (call, deps, incoming) => {
  const asked = await readStatus(incoming)
  return changeMember(call, deps, call.name, (image) => {
    if (!mayAnswer(image, call.viewer)) throw notAllowed('update', call.id)
    const member = seenMember(image, call)
    const status = MEMBER_STATUSES.find((word) => word === asked)
    if (status !== undefined) return { ...member, status, updatedAt: deps.now() }
    const message = 'Incorrect request: Status must be "pending", "accepted" or "rejected".'
    throw new ImageFault('field.invalid', message)
  })
}

/** Answers `DELETE /v2/images/{id}/members/{member}`. */
export const deleteMember: Handler = async (call, deps) => {
  const { id, viewer } = call
  await changeSeen(call, deps, notFound(id), (image) => {
    if (image.visibility !== 'shared' || !isWritable(image, viewer)) throw notAllowed('delete', id)
    return withoutMember(image, seenMember(image, call).project)
  })
  return { status: 204, headers: {}, body: '' }
}

/** Replaces a project's member by what `change` returns; the image's own times stay. */
async function changeMember(
  call: Call,
  deps: ImageDependencies,
  project: string,
  change: (image: Image) => Member,
): Promise<Answer> {
  const image = await changeSeen(call, deps, notFound(call.id), (image) => {
    if (image.visibility === 'shared') return withMember(image, change(image))
    throw notAllowed(call.operation === 'add_member' ? 'create' : 'update', call.id)
  })
  return json(printMember(image, seenMember(image, { ...call, name: project })))
}

function seenMember(image: Image, { id, name, viewer }: Call): Member {
  const member = membersSeenBy(image, viewer).find(({ project }) => project === name)
  if (member !== undefined) return member
  const message = said`${name} not found in the member list of the image ${id}.`
  throw new ImageFault('member.not_found', message)
}

async function readProject(incoming: Incoming): Promise<string> {
  const body = await readJson(incoming)
  const project = isObject(body) ? fieldOf(body, 'member') : []
  if (project === undefined) throw invalid('Member to be added not specified')
  if (project === '' || project === null) throw invalid("Member can't be empty")
  if (typeof project !== 'string') {
    throw invalid('Expected a member in the form: {"member": "image_id"}')
  }
  if ([...project].length > MEMBER_CHARACTERS_MAX) {
    throw invalid(
      `A member is the id of a project, of at most ${MEMBER_CHARACTERS_MAX} characters.`,
    )
  }
  return project
}

async function readStatus(incoming: Incoming): Promise<unknown> {
  const body = await readJson(incoming)
  if (!isObject(body)) throw invalid('Expected a status in the form: {"status": "status"}')
  const status = fieldOf(body, 'status')
  if (status === undefined) throw invalid('Status not specified')
  return status
}

function invalid(message: string): ImageFault {
  return new ImageFault('body.invalid', message)
}

function notAllowed(verb: string, id: string): ImageFault {
  return new ImageFault('caller.forbidden', said`Not allowed to ${verb} members for image ${id}.`)
}

function notFound(id: string): string {
  return said`Image ${id} not found.`
}

function json(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}
