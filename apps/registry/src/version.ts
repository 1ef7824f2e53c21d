/** Version of the HTTP interface, as the reference service names it. */
export const API_VERSION = '1.0.0'
