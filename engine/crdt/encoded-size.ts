/**
 * How many bytes a state takes, so that types can be compared by what they keep beside their values.
 *
 * The encoding that is counted is a plain binary one whose reader knows the type: an integer is a varint of 7 bits a byte,
 * zigzagged so that small negative ones are short too; any other number 8 bytes; a string its UTF-8 bytes after their
 * number; a list its items after their number; an object its fields in order, without their names, and one byte for the
 * field `type`; true, false and null one byte. Nothing is compressed.
 */

/** Bytes of plain data. */
export function encodedBytes(value: unknown): number {
  if (typeof value === 'number') return numberBytes(value);
  if (typeof value === 'string') return stringBytes(value);
  if (typeof value !== 'object' || value === null) return 1;
  if (Array.isArray(value))
    return value.reduce<number>((sum, item) => sum + encodedBytes(item), varintBytes(value.length));
  return Object.entries(value).reduce(
    (sum, [name, field]) => sum + (name === 'type' ? 1 : encodedBytes(field)),
    0,
  );
}

/** Bytes of a state beyond those of its values as a bare list: what it costs that replicas agree. */
export function metadataBytes(state: unknown, values: unknown): number {
  return encodedBytes(state) - encodedBytes(values);
}

function numberBytes(value: number): number {
  if (!Number.isSafeInteger(value)) return 8;
  return varintBytes(value < 0 ? -2 * value - 1 : 2 * value);
}

/** Of a whole number, 0 or more. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function stringBytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return varintBytes(bytes) + bytes;
}
