import { HOST, PORT_OR_OFF } from './values.ts'

/** The options of the metrics. */
export const METRICS_OPTIONS = {
  'metrics.port': {
    kind: PORT_OR_OFF,
    default: ['0'],
    description: 'port of GET /metrics, for Prometheus; 0: nothing is measured',
  },
  'metrics.host': {
    kind: HOST,
    default: ['127.0.0.1'],
    description: 'address of that port; no token is asked for, so keep it from strangers',
  },
} as const
