import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdministrationErrorCode } from '../../src/identity/local/administration-error.ts'
import { byPassword, house } from './fixtures.ts'

const refusal = (code: AdministrationErrorCode, message: RegExp) => ({
  name: 'AdministrationError',
  code,
  message,
})

test('projects are added, listed, changed and removed', async (t) => {
  const { administration } = await house(t)
  const added = await administration.addProject({ name: 'work', description: 'For work' })
  assert.match(added.id, /^[0-9a-f]{32}$/)
  const changed = await administration.setProject(added.id, { name: 'Work 2', enabled: false })
  assert.deepEqual(changed, { ...added, name: 'Work 2', enabled: false })
  assert.deepEqual(
    administration.listProjects().map(({ name }) => name),
    ['Work 2', 'admin', 'demo'],
  )
  await administration.removeProject('Work 2')
  assert.equal(administration.listProjects().length, 2)
})

test('a project can have the id of one elsewhere', async (t) => {
  const { administration } = await house(t)
  const id = 'd9ebe43510414ef590a4aa158605329e'
  assert.equal((await administration.addProject({ name: 'imported', id })).id, id)
  await assert.rejects(
    administration.addProject({ name: 'again', id }),
    refusal('conflict', /project with the id "d9ebe435/),
  )
  for (const bad of ['', '../x', 'a b', 'x'.repeat(65)]) {
    await assert.rejects(
      administration.addProject({ name: 'x', id: bad }),
      refusal('invalid', /is not an id: use/),
    )
  }
})

test('users are added, listed with their grants, changed and removed', async (t) => {
  const { administration, identity, accounts } = await house(t)
  const added = await administration.addUser({ name: 'ann', password: 'x', project: 'demo' })
  assert.equal(added.defaultProjectId, accounts.demo.projectId)
  await administration.grant('ann', 'admin', 'reader')
  await administration.grant('ann', 'admin', 'reader')
  const listed = administration.listUsers().find(({ name }) => name === 'ann')
  assert.deepEqual(
    listed?.grants.map(({ project, role }) => [project.name, role]),
    [
      ['admin', 'reader'],
      ['demo', 'member'],
    ],
  )
  assert.equal(JSON.stringify(administration.listUsers()).includes('scrypt'), false)
  await administration.setUser('ann', { name: 'anna', password: 'y', defaultProject: 'admin' })
  const { description } = await identity.signIn(byPassword('anna', 'y'))
  assert.equal(description.project?.name, 'admin')
  await administration.removeUser('anna')
  assert.equal(administration.listUsers().length, 2)
})

test('a default project that is removed leaves the user without one', async (t) => {
  const { administration, identity } = await house(t)
  await administration.removeProject('demo')
  const { description } = await identity.signIn(byPassword('demo'))
  assert.equal(description.project, null)
})

test('what does not exist is an error with a suggestion', async (t) => {
  const { administration } = await house(t)
  await assert.rejects(
    administration.removeProject('dmeo'),
    refusal('not_found', /There is no project "dmeo"; did you mean "demo"\?/),
  )
  await assert.rejects(
    administration.removeUser('Admim'),
    refusal('not_found', /did you mean "admin"\?/),
  )
  await assert.rejects(
    administration.setUser('zebra', { enabled: false }),
    refusal('not_found', /"afterimage user list" shows those there are/),
  )
  await assert.rejects(
    administration.revoke('demo', 'admin', 'member'),
    refusal('not_found', /There is no role "member" of user "demo" on project "admin"/),
  )
  await assert.rejects(
    administration.grant('demo', 'demo', 'amdin'),
    refusal('invalid', /no role "amdin"; did you mean "admin"\?/),
  )
})

test('names are unique and sensible, passwords are not empty', async (t) => {
  const { administration } = await house(t)
  const bad = refusal('invalid', /project name/)
  for (const name of ['', '  ', 'x'.repeat(65), 'a\nb', 'nul\0', '\ud800']) {
    await assert.rejects(administration.addProject({ name }), bad, JSON.stringify(name))
  }
  await assert.rejects(
    administration.addProject({ name: 'demo' }),
    refusal('conflict', /project named "demo" already/),
  )
  await assert.rejects(
    administration.addUser({ name: 'demo', password: 'x' }),
    refusal('conflict', /user named "demo" already/),
  )
  await assert.rejects(
    administration.setUser('demo', { name: 'admin' }),
    refusal('conflict', /user named "admin" already/),
  )
  await assert.rejects(
    administration.addUser({ name: 'ann', password: '' }),
    refusal('invalid', /must not be empty/),
  )
  await assert.rejects(
    administration.addUser({ name: 'ann', password: 'x', role: 'reader' }),
    refusal('invalid', /name the project on which "ann" is reader/),
  )
})

test('a user whose project does not exist is not added', async (t) => {
  const { administration } = await house(t)
  await assert.rejects(
    administration.addUser({ name: 'ann', password: 'x', project: 'nowhere' }),
    refusal('not_found', /no project "nowhere"/),
  )
  assert.equal(administration.listUsers().length, 2)
})

test('the last admin stays admin, whichever way it is tried', async (t) => {
  const { administration, identity } = await house(t)
  const { token } = await identity.signIn(byPassword('admin'))
  const tries = [
    () => administration.removeUser('admin'),
    () => administration.setUser('admin', { enabled: false }),
    () => administration.removeProject('admin'),
    () => administration.setProject('admin', { enabled: false }),
    () => administration.revoke('admin', 'admin', 'admin'),
  ]
  for (const attempt of tries) {
    await assert.rejects(attempt, refusal('last_admin', /make another one admin first/))
  }
  assert.equal((await identity.authenticate(token))?.isAdmin, true)
  await administration.grant('demo', 'demo', 'admin')
  await administration.removeUser('admin')
})
