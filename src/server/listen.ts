import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { FaceName } from '../api/face/face.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { isTls } from './tls.ts'

/** What a port is for. */
type PortName = FaceName | 'metrics'

export interface Listening {
  readonly port: number
  /** As this machine reaches it. */
  readonly url: string
}

/** A listener could not be opened. `message` names the port and says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Opens a listener. @throws ListenError */
export async function listen(
  app: FastifyInstance,
  name: PortName,
  host: string,
  port: number,
): Promise<Listening> {
  try {
    // Workers share the ports of the services, and each prints its own metrics.
    await app.listen({ host, port, exclusive: name === 'metrics' })
  } catch (error) {
    throw new ListenError(explain(error as NodeJS.ErrnoException, name, host, port))
  }
  const address = app.server.address() as AddressInfo
  const shown = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address.address]
  const reached = shown ?? (address.family === 'IPv6' ? `[${address.address}]` : address.address)
  const scheme = isTls(app.server) ? 'https' : 'http'
  return { port: address.port, url: `${scheme}://${reached}:${address.port}` }
}

function explain(error: NodeJS.ErrnoException, name: PortName, host: string, port: number): string {
  const address = `${host}:${port}`
  const zero = name === 'metrics' ? '0: no metrics' : '0: any free port'
  const instead = `choose another with --${name}-port (${zero})`
  const hostFlag = name === 'metrics' ? 'metrics-host' : 'host'
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host}, for the ${name} service, is in use; ${instead}`
    case 'EACCES':
      return `port ${port}, for the ${name} service, needs rights that this user lacks; ${instead}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine; set --${hostFlag} to one that is`
    default: {
      const { message } = fileTroubleOf(error, 'its socket') ?? error
      return `the ${name} service cannot listen on ${address}: ${message}`
    }
  }
}
