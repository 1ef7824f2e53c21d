/**
 * One Jest set-up for every workspace: native ES modules, TypeScript by SWC, sister packages read from their sources
 * (the `@volttron/source` export condition), so a test never runs against a stale build.
 */
export default {
  testEnvironment: 'node',
  // Nothing waits for this long; a machine with other work to do may need it.
  testTimeout: 30_000,
  // A failed test can leave a socket open. A person sees that in a run that does not end; CI has to go on.
  forceExit: process.env.CI === 'true',
  testEnvironmentOptions: { customExportConditions: ['@volttron/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
}
