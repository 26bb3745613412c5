/** Tells the objects of JSON from its other values. */

/** Whether a value that JSON may have is an object: no list, and not `null`. */
export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
