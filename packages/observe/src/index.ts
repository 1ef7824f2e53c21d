export { componentLogger, createLogger, type Logger, type LoggerOptions } from './logger.ts'
export {
  type MetricCatalogue,
  type MetricName,
  type MetricSample,
  MetricSet,
  metricCatalogue,
} from './metrics.ts'
