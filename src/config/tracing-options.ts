import { BASE_URL, FRACTION } from './values.ts'

/** The options of the traces. */
export const TRACING_OPTIONS = {
  'tracing.otlpUrl': {
    kind: BASE_URL,
    default: undefined,
    description: 'OpenTelemetry collector that gets spans by OTLP over HTTP; by default none is',
  },
  'tracing.sampleRatio': {
    kind: FRACTION,
    default: ['0.01'],
    description: 'part of the traces that begin here that is recorded; else the caller decides',
  },
} as const
