import { PATH } from './values.ts'

/** The services that may have a certificate. */
export const SERVICES = ['compute', 'image', 'identity'] as const
export type ServiceName = (typeof SERVICES)[number]

const CERTIFICATE_FILE = {
  ...PATH,
  form: 'the path of a file of certificates (PEM): the own one first, then those of its authorities',
} as const
const KEY_FILE = {
  ...PATH,
  form: 'the path of a file of a private key (PEM), not encrypted',
} as const

/** The options of the certificates that the services are served with. */
export const TLS_OPTIONS = {
  'tls.certFile': {
    kind: CERTIFICATE_FILE,
    default: undefined,
    description:
      'certificate of all services, which are then served over TLS; read again on SIGHUP',
  },
  'tls.keyFile': {
    kind: KEY_FILE,
    default: undefined,
    description: 'key of that certificate',
  },
  'compute.tls.certFile': {
    kind: CERTIFICATE_FILE,
    default: undefined,
    description: 'certificate of the Compute API alone, in place of that of all services',
  },
  'compute.tls.keyFile': {
    kind: KEY_FILE,
    default: undefined,
    description: 'key of that certificate',
  },
  'image.tls.certFile': {
    kind: CERTIFICATE_FILE,
    default: undefined,
    description: 'certificate of the Image API alone, in place of that of all services',
  },
  'image.tls.keyFile': {
    kind: KEY_FILE,
    default: undefined,
    description: 'key of that certificate',
  },
  'identity.tls.certFile': {
    kind: CERTIFICATE_FILE,
    default: undefined,
    description: 'certificate of the Identity API alone, in place of that of all services',
  },
  'identity.tls.keyFile': {
    kind: KEY_FILE,
    default: undefined,
    description: 'key of that certificate',
  },
} as const
