import preset from '../jest.preset.js'

/** Everything here runs as a user gets it: sister packages are read from what the build made, like the spawned programs. */
export default {
  ...preset,
  testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] },
  // A process takes its time to start on a small machine that is busy.
  testTimeout: 60_000,
}
