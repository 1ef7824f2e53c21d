/** How the text of a configuration is to be understood (VIP specification, section 7.1). */

export interface ConfigTypeOptions {
  readonly raw?: true
  readonly csv?: true
}

/** Python's option `--json` is the default, and the one every command takes. */
export const configType = ({ raw, csv }: ConfigTypeOptions): 'raw' | 'csv' | 'json' =>
  raw ? 'raw' : csv ? 'csv' : 'json'
