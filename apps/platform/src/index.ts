export { type Platform, type PlatformSurroundings, startPlatform } from './compose.ts'
export { type Home, openHome } from './home/home.ts'
export { type PlatformCommand, type PlatformOptions, parsePlatformOptions } from './options/platform-options.ts'
export { systemPorts } from './options/system-ports.ts'
