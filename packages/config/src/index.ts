export { withoutComments } from './json-comments.ts'
export { makeFolder } from './make-folder.ts'
export { type ReplaceFileOptions, replaceFile } from './replace-file.ts'
export {
  namesOf,
  type OptionCatalogue,
  type OptionInputs,
  type OptionProblem,
  type OptionSource,
  type OptionSpec,
  option,
  optionName,
  type Resolved,
  type ResolvedOptions,
  resolveOptions,
  type SourceKind,
  variableName,
} from './options.ts'
export { nearest } from './suggest.ts'
export {
  bytesValue,
  choiceValue,
  countValue,
  durationValue,
  flagValue,
  formatBytes,
  formatDuration,
  listValue,
  textValue,
} from './values.ts'
export {
  type FileEntry,
  type FileProblem,
  formatVolttronFile,
  optionKey,
  readVolttronFile,
  type VolttronFile,
} from './volttron-file.ts'
