import type { FastifyBaseLogger } from 'fastify'

/** The log for the framework: at `info` it says where it listens, which the start says already. */
export function loggerForFramework(logger: FastifyBaseLogger): FastifyBaseLogger {
  return logger.level === 'info' ? logger.child({}, { level: 'warn' }) : logger
}
