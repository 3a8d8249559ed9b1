import type { FastifyBaseLogger } from 'fastify'

/** The log for the framework: at `info` it says where it listens, which the start says already. */
export function loggerForFramework(logger: FastifyBaseLogger): FastifyBaseLogger {
  return logger.child({}, { level: levelForFramework(logger.level) })
}

/** The framework's level where the log has this one. */
export function levelForFramework(level: string): string {
  return level === 'info' ? 'warn' : level
}
