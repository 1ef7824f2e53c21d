export { errorCode, fileError } from './file-errors.ts'
