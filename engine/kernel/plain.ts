/**
 * Plain data: numbers, strings, booleans, null, arrays, typed arrays and objects of these. Node states are plain, so
 * that one function copies and one hashes the state of every topology; functions and class instances are refused.
 */

/** A key that needs no quotes to be told from what follows it. */
const identifier = /^\w+$/;

type TypedArray = Int32Array | Uint8Array | Float64Array;

function isTypedArray(value: object): value is TypedArray {
  return value instanceof Int32Array || value instanceof Uint8Array || value instanceof Float64Array;
}

/** A deep copy that shares nothing. Throws TypeError for what is not plain. */
export function copyPlain<T>(value: T): T {
  if (typeof value === 'function') throw new TypeError('a function is not plain data');
  if (typeof value !== 'object' || value === null) return value;
  if (isTypedArray(value)) return value.slice() as T;
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  checkPlain(value);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyPlain((value as Record<string, unknown>)[key]);
  return copy as T;
}

/**
 * A text that is equal for equal data and different for different data; keys in the order they were made. A typed array
 * and a list of the same numbers are equal data. Throws TypeError for what is not plain.
 */
export function plainKey(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function') throw new TypeError('a function is not plain data');
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  }
  if (isTypedArray(value) || Array.isArray(value)) {
    let text = '[';
    for (const each of value) text += `${plainKey(each)},`;
    return `${text}]`;
  }
  checkPlain(value);
  let text = '{';
  for (const key of Object.keys(value))
    text += `${identifier.test(key) ? key : JSON.stringify(key)}:${plainKey((value as Record<string, unknown>)[key])},`;
  return `${text}}`;
}

/** A Map or a Date has no keys of its own: two different ones would count as equal. */
function checkPlain(value: object): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return;
  throw new TypeError(`a ${value.constructor?.name ?? 'class instance'} is not plain data`);
}
