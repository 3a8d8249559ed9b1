import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Tracer } from '../tracing/trace.ts'

/** undefined: no spans are recorded, and nothing of OpenTelemetry is loaded. */
export async function openTracer(
  { tracing }: Config,
  logger: Pick<FastifyBaseLogger, 'warn'>,
): Promise<Tracer | undefined> {
  const { otlpUrl: url, sampleRatio } = tracing
  if (url === undefined) return undefined
  const { OtlpTracer } = await import('../tracing/otlp/otlp-tracer.ts')
  const onTrouble = ({ message }: Error, spansLost: number) =>
    logger.warn(
      { detail: message, spansLost },
      `spans could not be sent to ${url}; this is said once a minute`,
    )
  return new OtlpTracer({ url, sampleRatio, onTrouble })
}
