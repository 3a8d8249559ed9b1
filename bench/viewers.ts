import { PROJECTS } from '../suites/import/generate.ts'

/** The viewers, each signed in to a project of their own. */
export interface BenchViewer {
  readonly name: 'owner' | 'member' | 'stranger' | 'admin'
  readonly project: string
  readonly role: 'member' | 'admin'
  readonly sees: string
}

const [OWNING = '', SHARED_WITH = ''] = PROJECTS

export const OWNER: BenchViewer = {
  name: 'owner',
  project: OWNING,
  role: 'member',
  sees: 'half of all images are its own; public ones besides',
}

export const MEMBER: BenchViewer = {
  name: 'member',
  project: SHARED_WITH,
  role: 'member',
  sees: 'every shared image, accepted; public ones besides',
}

export const STRANGER: BenchViewer = {
  name: 'stranger',
  project: 'beef'.repeat(8),
  role: 'member',
  sees: 'public images alone',
}

export const ADMIN: BenchViewer = {
  name: 'admin',
  project: 'ad'.repeat(16),
  role: 'admin',
  sees: 'all but hidden images',
}

export const VIEWERS: readonly BenchViewer[] = [OWNER, MEMBER, STRANGER, ADMIN]
