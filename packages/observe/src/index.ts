export { componentLogger, createLogger, type Logger, type LoggerOptions } from './logger.ts'
