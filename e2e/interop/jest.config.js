import e2e from '../jest.config.js'

/** Tests with the real Python packages: see run.mjs, which installs them first. */
export default {
  ...e2e,
  rootDir: import.meta.dirname,
  reporters: ['<rootDir>/reporter.mjs'],
  // Starting Python takes seconds, and much longer on a small machine that is busy.
  testTimeout: 180_000,
  maxWorkers: 1,
}
