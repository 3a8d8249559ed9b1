// What pkgcloud makes of the Compute API's images, signed in through Keystone v3 and v2.0.

const { compute } = require('pkgcloud')
const { promisify } = require('node:util')

const plan = JSON.parse(process.argv[2])
const environment = process.env

function tell(step, result) {
  process.stdout.write(`${JSON.stringify({ step, result })}\n`)
}

function signIn(options) {
  const client = compute.createClient({
    provider: 'openstack',
    authUrl: environment.OS_AUTH_URL.replace(/\/v3$/, ''),
    username: environment.OS_USERNAME,
    password: environment.OS_PASSWORD,
    region: environment.OS_REGION_NAME,
    ...options,
  })
  const methods = ['getImages', 'getImage', 'destroyImage', 'updateImageMeta']
  return Object.fromEntries(methods.map((name) => [name, promisify(client[name]).bind(client)]))
}

const ids = (images) => images.map(({ id }) => id)

async function refused(promise) {
  try {
    return await promise
  } catch (error) {
    return [error.statusCode, error.failCode, error.result]
  }
}

async function main() {
  const project = { tenantName: environment.OS_PROJECT_NAME }
  const v3 = signIn({
    keystoneAuthVersion: 'v3',
    domainName: environment.OS_DOMAIN_NAME,
    projectDomainName: environment.OS_DOMAIN_NAME,
    ...project,
  })
  tell('list', await v3.getImages())
  tell('list after a v2.0 sign-in', ids(await signIn(project).getImages()))
  tell('list without a project named', ids(await signIn({}).getImages()))

  tell('show', await v3.getImage(plan.snapshot))
  tell('show offered', (await v3.getImage(plan.offered)).id)
  tell('show strange', await refused(v3.getImage(plan.strange)))
  tell('metadata added', await v3.updateImageMeta(plan.snapshot, { colour: 'grün', note: '' }))

  tell('delete locked', await refused(v3.destroyImage(plan.locked)))
  tell('delete', await v3.destroyImage(plan.snapshot))
  tell('show deleted', await refused(v3.getImage(plan.snapshot)))
  tell('delete deleted', await refused(v3.destroyImage(plan.snapshot)))
  tell('list after', ids(await v3.getImages()))
}

main()
